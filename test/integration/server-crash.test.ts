import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HistoryStore } from '../../server/collector/history/store.ts';
import { ROOT, TestProcess } from '../kit/process.ts';

/** Writes tasks for ever and says after each batch how many are stored. */
const WRITER = (path: string): string => `
  import { HistoryStore } from ${JSON.stringify(`${ROOT}dist/server/collector/history/store.js`)};
  const store = new HistoryStore(${JSON.stringify(path)});
  const from = Object.values(store.counts({})).reduce((sum, count) => sum + count, 0);
  for (let total = from; ; total += 50) {
    store.write(Array.from({ length: 50 }, (_, index) =>
      ['task-' + (total + index), 'tasks.add', 'SUCCESS', '(1, 2)', '{}', 'celery', 'w', 1, 1, 2, 3, total + index, 1, 0, '3', null, null, '{}']));
    process.stdout.write('stored ' + (total + 50) + '\\n');
  }`;

it('keeps every stored task when it is killed, twenty times over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-crash-'));
  const path = join(folder, 'history.db');
  let stored = 0;
  for (let round = 0; round < 20; round += 1) {
    const writer = new TestProcess(process.execPath, ['--input-type=module', '-e', WRITER(path)]);
    await writer.waitFor(/stored/);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    await writer.stop('SIGKILL');
    stored = Number(/.*stored (\d+)\n/s.exec(writer.output)?.[1] ?? 0);
    const store = new HistoryStore(path);
    expect(store.notice).toBeNull();
    const count = store.counts({})['SUCCESS'] ?? 0;
    expect(count).toBeGreaterThanOrEqual(stored);
    expect(store.counts({ text: '(1, 2)' })['SUCCESS']).toBe(count);
    store.close();
  }
  expect(stored).toBeGreaterThan(1000);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);
