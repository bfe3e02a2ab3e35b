import { expect, test } from 'vitest';
import { fuzzDecoder } from '../kit/fuzz.ts';
import { seededRandom } from '../kit/random.ts';

test('1,000,000 damaged messages are read or refused, never worse', { timeout: 1_800_000 }, () => {
  const { rounds, refused, p99 } = fuzzDecoder(seededRandom(), 1_000_000);
  const times = Object.entries(p99).map(([decoder, ms]) => `${decoder} ${ms.toFixed(3)}`);
  process.stdout.write(
    `${rounds} messages, ${refused} refused, p99 in ms of processor time: ${times.join(', ')}\n`,
  );
  expect(rounds).toBe(1_000_000);
  expect(Math.max(...Object.values(p99))).toBeLessThan(1);
});
