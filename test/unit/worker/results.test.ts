import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openBackend } from '../../../lib/backend/open.ts';
import { composeResult } from '../../../lib/protocol/result.ts';
import { createLogger } from '../../../lib/util/logger.ts';
import { Results } from '../../../lib/worker/results.ts';

it('what can never be stored is told, and not tried for ever', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-results-'));
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => void lines.push(line) });
  const backend = openBackend(`file://${folder}`, { logger });
  await backend.start();
  const retry = { maxTries: Number.POSITIVE_INFINITY, baseMs: 1, maxMs: 5 };
  const results = new Results({ backend, logger, retry, onCaughtUp: () => {} });
  const text = composeResult({ taskId: 'a/b', status: 'SUCCESS', resultText: '1' });
  await results.store('a/b', text);
  await results.flush();
  expect(lines.join('')).toMatch(
    /ERROR\/MainProcess\] The result of task a\/b is not stored: A task id with/,
  );
  await backend.stop();
  rmSync(folder, { recursive: true });
});
