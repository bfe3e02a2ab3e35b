import { expect, it } from 'vitest';
import { Poller, type Records } from '../../../lib/backend/poller.ts';
import { composeResult, decodeResult, type ResultMeta } from '../../../lib/protocol/result.ts';
import { waitUntil } from '../../kit/wait-until.ts';

it('a record that cannot be read is told once, and holds nobody else up', async () => {
  const records = new Map<string, ResultMeta | Error>();
  const unreadable: string[] = [];
  const states: string[] = [];
  let reads = 0;
  const poller = new Poller(
    async (taskIds): Promise<Records> => {
      reads += 1;
      return new Map([...records].filter(([taskId]) => taskIds.includes(taskId)));
    },
    (taskId, error) => unreadable.push(`${taskId}: ${error.message}`),
  );
  const stops = [
    await poller.watch('broken', () => {}),
    await poller.watch('good', ({ status }) => states.push(status)),
  ];
  records.set('broken', new Error('no record'));
  records.set('good', decodeResult(composeResult({ taskId: 'good', status: 'SUCCESS', resultText: '1' })));
  await waitUntil('the other is told', () => states.length > 0 && unreadable.length > 0);
  const before = reads;
  await waitUntil('it looks again', () => reads > before + 2);
  expect(states).toEqual(['SUCCESS']);
  expect(unreadable).toEqual(['broken: no record']);
  await expect(poller.watch('broken', () => {})).rejects.toThrow('no record');
  for (const stop of stops) await stop();
});
