import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { KeyValueBackend } from '../../../lib/backend/key-value/key-value-backend.ts';
import { composeResult } from '../../../lib/protocol/result.ts';
import { silentLogger } from '../../../lib/util/logger.ts';

/* Celery writes a file of results where others read it (celery/backends/filesystem.py): they meet it empty, or half. */

const folder = mkdtempSync(join(tmpdir(), 'umbel-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string): void => writeFileSync(join(folder, 'celery-task-meta-a'), text);
const whole = composeResult({ taskId: 'a', status: 'SUCCESS', resultText: '7' });

it('a result that is being written is not there yet, or read again', async () => {
  const backend = new KeyValueBackend(`file://${folder}`, { logger: silentLogger });
  await backend.start();
  write('');
  expect(await backend.get('a')).toBeNull();
  write(whole.slice(0, 40));
  const reading = backend.get('a');
  setTimeout(() => write(whole), 5);
  expect(await reading).toMatchObject({ status: 'SUCCESS', result: 7 });
  write(whole.slice(0, 40));
  await expect(backend.get('a')).rejects.toThrow(/Not JSON/);
  await backend.stop();
});
