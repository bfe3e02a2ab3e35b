import { describe, expect, it } from 'vitest';
import { Celery, type RetryOptions, type TaskOptions } from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';

const app = new Celery('policy', { broker: 'redis://127.0.0.1:1/0' }, silentLogger);
type Options = Omit<TaskOptions, 'bind'>;

let count = 0;

/** Fails until its attempts are used up; what it asked of each retry, and how it ended. */
async function attempts(options: Options, error = new RangeError('no')): Promise<RetryOptions[]> {
  count += 1;
  const name = `p.${count}`;
  app.task(name, { autoretryFor: [Error], maxRetries: 5, ...options }, () => {
    throw error;
  });
  const asked: RetryOptions[] = [];
  const task = app.tasks.get(name);
  if (task === undefined) throw new Error('unreachable: it was just registered');
  const { retry } = task;
  task.retry = (given) => {
    asked.push(given ?? {});
    return Reflect.apply(retry, task, [given]);
  };
  const result = await app.runNow(name, [], {});
  await expect(result.get()).rejects.toBe(error);
  return asked;
}

const delays = async (options: Options): Promise<unknown[]> =>
  (await attempts(options)).map(({ countdown }) => countdown);

describe('automatic retries', () => {
  it('wait for the default delay, or as `retryKwargs` say', async () => {
    expect(await delays({})).toEqual(Array(6).fill(undefined));
    expect(await delays({ retryKwargs: { countdown: 7, maxRetries: 1 } })).toEqual([7, 7]);
  });

  it('double their delay with `retryBackoff`, up to `retryBackoffMax`', async () => {
    const steady = { retryJitter: false };
    expect(await delays({ ...steady, retryBackoff: true })).toEqual([1, 2, 4, 8, 16, 32]);
    expect(await delays({ ...steady, retryBackoff: 3 })).toEqual([3, 6, 12, 24, 48, 96]);
    expect(await delays({ ...steady, retryBackoff: 3, retryBackoffMax: 10 })).toEqual([3, 6, 10, 10, 10, 10]);
  });

  it('draw it from 0 to that unless `retryJitter` is off', async () => {
    const drawn = await delays({ retryBackoff: 1000, retryBackoffMax: 1000, maxRetries: 200 });
    expect(
      drawn.every((delay) => Number.isInteger(delay) && Number(delay) >= 0 && Number(delay) <= 1000),
    ).toBe(true);
    // 201 draws of 1001 values: a steady one would give one value.
    expect(new Set(drawn).size).toBeGreaterThan(20);
    expect(Math.min(...drawn.map(Number))).toBeLessThan(500);
  });

  it('are not for what `dontAutoretryFor` names, nor for other errors', async () => {
    expect(await attempts({ dontAutoretryFor: [RangeError] })).toEqual([]);
    expect(await attempts({ autoretryFor: [TypeError] })).toEqual([]);
    expect(await attempts({ autoretryFor: [RangeError], dontAutoretryFor: [TypeError] })).toHaveLength(6);
  });
});
