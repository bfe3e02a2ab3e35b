import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery, type Task } from '../../lib/index.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* Options of tasks that decide what is stored. */

let redis: RedisServer;
let app: Celery;
let worker: LocalWorker;

const fail = (): never => {
  throw new RangeError('as told');
};
const retry = (self: Task): unknown =>
  self.request.retries === 0 ? self.retry({ countdown: 60, exc: new RangeError('again') }) : null;

beforeAll(async () => {
  redis = await startRedis();
  app = new Celery('options', { broker: redis.url(0), backend: redis.url(1) });
  for (const [suffix, options] of [
    ['ignored', { ignoreResult: true }],
    ['kept', { ignoreResult: true, storeErrorsEvenIfIgnored: true }],
  ] as const) {
    app.task(`fine.${suffix}`, options, () => 'value');
    app.task(`fail.${suffix}`, options, fail);
    app.task(`retry.${suffix}`, { ...options, bind: true }, retry);
    app.task(`slow.${suffix}`, { ...options, timeLimit: 0.1 }, () => new Promise(() => {}));
  }
  app.task('progress', { bind: true, ignoreResult: true }, async (self) => {
    await self.updateState({ state: 'PROGRESS', meta: { current: 1 } });
  });
  const child = app.task('child', () => 1);
  const parent = async (addToParent = true): Promise<void> => {
    await child.applyAsync([], { addToParent });
  };
  app.task('parent', parent);
  app.task('parent.trackless', { trail: false }, parent);
  app.task('child.trackless', { trail: false }, () => 1);
  app.task('parent.of.trackless', async () => {
    await app.sendTask('child.trackless');
  });
  worker = await new LocalWorker(app, { hostname: 'w1@test' }).start();
});
afterAll(async () => {
  await worker.stop();
  await app.close();
  await redis.stop();
});

/** What is stored of a call once the worker is done with it. */
async function stateOf(name: string, ended: RegExp, options = {}): Promise<string> {
  const { id } = await app.sendTask(name, [], options);
  await worker.logged(new RegExp(`${name}\\[${id}\\]${ended.source}`));
  // What was still to be stored is stored before this.
  await (await app.sendTask('child')).get({ timeout: 10 });
  return app.AsyncResult(id).status();
}

describe.each([
  ['ignored', 'PENDING', 'PENDING', 'PENDING'],
  ['kept', 'FAILURE', 'RETRY', 'REVOKED'],
])('a task whose result is ignored, errors %s', (suffix, failure, retried, revoked) => {
  it(`stores no success, and ${failure}, ${retried}, ${revoked} of the rest`, async () => {
    expect(await stateOf(`fine.${suffix}`, / succeeded/)).toBe('PENDING');
    expect(await stateOf(`fail.${suffix}`, / raised/)).toBe(failure);
    expect(await stateOf(`retry.${suffix}`, / retry: Retry in/)).toBe(retried);
    const slow = await app.sendTask(`slow.${suffix}`);
    await worker.logged(new RegExp(`exceeded for slow\\.${suffix}`));
    const expired = await app.sendTask(`fine.${suffix}`, [], { expires: -1 });
    await worker.logged(new RegExp(`Discarding expired task: fine\\.${suffix}`));
    await (await app.sendTask('child')).get({ timeout: 10 });
    expect(await app.AsyncResult(slow.id).status()).toBe(failure);
    expect(await app.AsyncResult(expired.id).status()).toBe(revoked);
  });
});

it('a state that the task stores itself is stored also when its result is ignored', async () => {
  const { id } = await app.sendTask('progress');
  const result = app.AsyncResult(id);
  await waitUntil('PROGRESS', async () => (await result.status()) === 'PROGRESS', 10_000);
  expect(await result.info()).toEqual({ current: 1 });
});

describe('the children of a result', () => {
  const childrenOf = async (name: string, args: unknown[] = []): Promise<number> => {
    const result = await app.sendTask(name, args);
    await result.get({ timeout: 10 });
    return ((await result.children()) ?? []).length;
  };

  it('are the tasks that it sent', async () => {
    expect(await childrenOf('parent')).toBe(1);
  });

  it('are none without `trail`, which is that of the task that sends', async () => {
    expect(await childrenOf('parent.trackless')).toBe(0);
    expect(await childrenOf('parent.of.trackless')).toBe(1);
  });

  it('are not those that were sent with `addToParent: false`', async () => {
    expect(await childrenOf('parent', [false])).toBe(0);
  });
});
