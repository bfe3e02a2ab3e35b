import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Config, defaultConfig } from '../../../lib/app/config.ts';
import { allWaitsSeconds, BrokerPatience, waitSeconds } from '../../../lib/worker/broker-patience.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function patience(settings: Partial<Config> = {}): { patience: BrokerPatience; reasons: string[] } {
  const reasons: string[] = [];
  const conf = { ...defaultConfig({}), ...settings };
  return { patience: new BrokerPatience(conf, ({ message }) => reasons.push(message)), reasons };
}

it.each([0, 1, 15, 16, 17, 100])('%i retries take as long as one after the other', (retries) => {
  let sum = 0;
  for (let retry = 1; retry <= retries; retry += 1) sum += waitSeconds(retry);
  expect(allWaitsSeconds(retries)).toBe(sum);
});

it.each([
  [{}, 2960],
  [{ broker_connection_max_retries: 3 }, 12],
  [{ broker_connection_max_retries: -1 }, 0],
])('with %j a broker that is lost is given up after %i s', (settings, seconds) => {
  const { patience: lost, reasons } = patience(settings);
  lost.lost();
  if (seconds > 0) vi.advanceTimersByTime(seconds * 1000 - 1);
  expect(reasons).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(reasons).toEqual([expect.stringContaining(`away for ${seconds} seconds`)]);
});

it.each([null, 0, 1e9])('with %s retries it is never given up', (broker_connection_max_retries) => {
  const { patience: lost, reasons } = patience({ broker_connection_max_retries });
  lost.lost();
  vi.advanceTimersByTime(2 ** 31);
  expect(reasons).toEqual([]);
});

it('begins anew with each loss', () => {
  const { patience: lost, reasons } = patience({ broker_connection_max_retries: 1 });
  lost.lost();
  vi.advanceTimersByTime(1500);
  lost.end();
  vi.advanceTimersByTime(1500);
  lost.lost();
  vi.advanceTimersByTime(1500);
  expect(reasons).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(reasons).toHaveLength(1);
});

it('without retries it is given up at once', () => {
  const { patience: lost, reasons } = patience({ broker_connection_retry: false });
  lost.lost();
  expect(reasons).toEqual([expect.stringContaining('(app.conf.broker_connection_retry=False)')]);
});
