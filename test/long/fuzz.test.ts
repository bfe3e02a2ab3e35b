import { expect, test } from 'vitest';
import { fuzzDecoder } from '../kit/fuzz.ts';
import { seededRandom } from '../kit/random.ts';

test('1,000,000 damaged messages are read or refused, never worse', { timeout: 1_800_000 }, () => {
  const { rounds, refused, p99 } = fuzzDecoder(seededRandom(), 1_000_000);
  process.stdout.write(`${rounds} messages, ${refused} refused, p99 ${p99.toFixed(3)} ms\n`);
  expect(rounds).toBe(1_000_000);
});
