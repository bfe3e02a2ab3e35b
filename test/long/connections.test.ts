import { expect, test } from 'vitest';
import { churnConnections } from '../kit/connection-churn.ts';

test('after 200 reconnects and 10,000 results there are as many connections as at the start', async () => {
  const { ofWorker, before, after } = await churnConnections({ reconnects: 200, results: 10_000 });
  process.stdout.write(`${ofWorker} connections of the worker\n`);
  expect(after).toBe(before);
  expect(ofWorker).toBeLessThanOrEqual(4);
});
