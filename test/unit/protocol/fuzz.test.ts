import { expect, test } from 'vitest';
import { fuzzDecoder } from '../../kit/fuzz.ts';
import { seededRandom } from '../../kit/random.ts';

test('20,000 damaged messages are read or refused, never worse', { timeout: 120_000 }, () => {
  const report = fuzzDecoder(seededRandom(27), 20_000);
  expect(report.refused).toBeGreaterThan(1000);
  expect(report.refused).toBeLessThan(report.rounds);
});
