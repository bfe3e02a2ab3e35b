import { describe, expect, it } from 'vitest';
import { Celery, type SignalName } from '../../../lib/index.ts';
import { createLogger, silentLogger } from '../../../lib/util/logger.ts';

function listening(names: readonly SignalName[]): { app: Celery; heard: [SignalName, unknown][] } {
  const app = new Celery('signals', {}, silentLogger);
  const heard: [SignalName, unknown][] = [];
  for (const name of names) app.on(name, (payload) => void heard.push([name, payload]));
  return { app, heard };
}

const RUN = ['task_prerun', 'task_success', 'task_failure', 'task_retry', 'task_postrun'] as const;

describe('signals', () => {
  it('of a run come in order, with what it was', async () => {
    const { app, heard } = listening(RUN);
    app.task('tasks.double', (n: number) => n * 2);
    await app.runNow('tasks.double', [4], { taskId: 'id-1' });
    const facts = { sender: 'tasks.double', taskId: 'id-1', args: [4], kwargs: {} };
    expect(heard).toEqual([
      ['task_prerun', expect.objectContaining(facts)],
      ['task_success', expect.objectContaining({ ...facts, result: 8 })],
      ['task_postrun', expect.objectContaining({ ...facts, retval: 8, state: 'SUCCESS' })],
    ]);
  });

  it('of a retry and a failure', async () => {
    const { app, heard } = listening(RUN);
    app.task('tasks.never', { bind: true, maxRetries: 1 }, (self) => {
      throw self.retry({ exc: new RangeError('no'), countdown: 0 });
    });
    await app.runNow('tasks.never', [], {});
    expect(heard.map(([name]) => name)).toEqual([
      'task_prerun',
      'task_retry',
      'task_postrun',
      'task_prerun',
      'task_failure',
      'task_postrun',
    ]);
    expect(heard[1]?.[1]).toMatchObject({ reason: new RangeError('no') });
    expect(heard[2]?.[1]).toMatchObject({ state: 'RETRY' });
    expect(heard[4]?.[1]).toMatchObject({
      exception: new RangeError('no'),
      traceback: expect.stringContaining('signals.test'),
    });
  });

  it('are waited for before the body runs, and can be of one task only', async () => {
    const { app } = listening([]);
    const steps: string[] = [];
    app.on('task_prerun', async ({ sender }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      steps.push(`prepared ${sender}`);
    });
    app.on('task_prerun', () => steps.push('of a'), { sender: 'a' });
    app.task('a', () => steps.push('ran a'));
    app.task('b', () => steps.push('ran b'));
    await app.runNow('a', [], {});
    await app.runNow('b', [], {});
    expect(steps).toEqual(['of a', 'prepared a', 'ran a', 'prepared b', 'ran b']);
  });

  it('a listener that throws is logged and changes nothing', async () => {
    const lines: string[] = [];
    const app = new Celery('a', {}, createLogger({ write: (line) => void lines.push(line) }));
    app.on('task_prerun', () => {
      throw new Error('broken listener');
    });
    app.on('task_postrun', () => Promise.reject(new Error('late trouble')));
    app.task('a', () => 'fine');
    const result = await app.runNow('a', [], {});
    expect(await result.get()).toBe('fine');
    expect(lines.join('')).toMatch(/A listener to task_prerun raised: Error: broken listener/);
    expect(lines.join('')).toMatch(/A listener to task_postrun raised: Error: late trouble/);
  });

  it('stop when told, and cost nothing then', () => {
    const { app, heard } = listening([]);
    const stop = app.on('worker_ready', (payload) => heard.push(['worker_ready', payload]));
    expect(app.signals.has('worker_ready')).toBe(true);
    stop();
    stop();
    expect(app.signals.has('worker_ready')).toBe(false);
    expect(app.signals.send('worker_ready', { sender: 'w' })).toBeUndefined();
    expect(heard).toEqual([]);
  });

  it('refuse names that are none', () => {
    const { app } = listening([]);
    expect(() => app.on('task_done' as 'task_success', () => 1)).toThrow(
      /"task_done" is no signal.*task_postrun/,
    );
  });
});
