import { expect, test } from 'vitest';
import { createLogger } from '../../../lib/util/logger.ts';
import { Results } from '../../../lib/worker/results.ts';
import { RevokedResults } from '../../../lib/worker/revoked-results.ts';

test('ids are stored after a revoke that had none to store', async () => {
  const stored: string[] = [];
  const results = new Results({ backend: null, logger: createLogger(), onCaughtUp: () => {} });
  Object.defineProperty(results, 'isKept', { value: true });
  results.storeUnlessReady = async (id) => void stored.push(id);
  const revoked = new RevokedResults(results);
  revoked.add([]);
  revoked.add(['a', 'b']);
  await revoked.flush();
  expect(stored).toEqual(['a', 'b']);
});
