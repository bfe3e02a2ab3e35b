import { expect, test } from 'vitest';
import { freezeBroker } from '../kit/frozen-broker.ts';

test('a Redis that is frozen for 8 s loses nothing: sends are refused in time, and the worker goes on', async () => {
  const result = await freezeBroker(8);
  expect(result.lost).toEqual([]);
  expect(result.isWorkerAlive).toBe(true);
  expect(result.refused).toBeGreaterThan(0);
  // Refused because nobody answered, yet they may have arrived: then once, not once for each try.
  expect(result.doubled).toEqual([]);
  // 5 s for one try, on a busy machine.
  expect(result.longestRefusal).toBeLessThan(10);
}, 180_000);
