import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Celery,
  chain,
  chord,
  EagerResult,
  GroupResult,
  group,
  Ignore,
  Reject,
  Task,
} from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { type RedisServer, startRedis } from '../../kit/redis-server.ts';

/* Tasks that run where they are called. There is no broker: what needs one would fail. */

const NOWHERE = 'redis://127.0.0.1:1/0';
const app = new Celery('eager', { broker: NOWHERE, task_always_eager: true }, silentLogger);
const add = app.task('t.add', (x: number, y: number) => x + y);
const total = app.task('t.total', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0));
const told = app.task('t.told', (what: unknown, place: string) => void heard.push(`${place} ${what}`));
const fail = app.task('t.fail', (text: string): number => {
  throw new RangeError(text);
});
const ids = app.task('t.ids', { bind: true }, (self, _value: unknown = null) => {
  const { id, rootId, parentId, group: groupId, groupIndex, isEager, calledDirectly } = self.request;
  return { id, rootId, parentId, groupId, groupIndex, isEager, calledDirectly };
});
const calling = app.task('t.calling', async () => {
  const inner = await add.delay(1, 1);
  return inner.get({ disableSyncSubtasks: false });
});
const handOver = app.task('t.hand_over', { bind: true }, (self, x: number) =>
  self.replace(chain(add.s(x, 1), add.s(10))),
);
const heard: string[] = [];

class Handled extends Task<[string], string> {
  name = 't.handled';
  override maxRetries = 1;
  run(how: string): string {
    const { retries } = this.request;
    if (how === 'retry' && retries === 0) this.retry({ countdown: 60 });
    if (how === 'fail') throw new Error('as told');
    return how;
  }
  override onSuccess(value: unknown): void {
    heard.push(`success ${value}`);
  }
  override onFailure(error: unknown): void {
    heard.push(`failure ${error}`);
  }
  override onRetry(): void {
    heard.push('retry');
  }
  override afterReturn(status: string): void {
    heard.push(`after ${status}`);
  }
}
const handled = app.tasks.register(new Handled());

describe('task_always_eager', () => {
  it('runs canvases where they are sent', async () => {
    const steps = chain(add.s(1, 1), group(add.s(1), add.s(2)), total.s(), add.s(100));
    expect(await (await steps.delay()).get()).toBe(107);
    expect(await (await group(add.s(1, 1), add.s(2, 2)).delay()).get()).toEqual([2, 4]);
    expect(await (await chord([add.s(1, 1), add.s(2, 2)], total.s()).delay()).get()).toBe(6);
    expect(await (await add.starmap([[1, 2]]).delay()).get()).toEqual([3]);
    expect(
      await (
        await add
          .chunks(
            [
              [1, 2],
              [3, 4],
            ],
            1,
          )
          .delay()
      ).get(),
    ).toEqual([[3], [7]]);
    expect(await (await chain(handOver.s(1), add.s(100)).delay()).get()).toBe(112);
  });

  it('calls links and errbacks', async () => {
    await add.applyAsync([1, 2], { link: told.s('link') });
    await fail.applyAsync(['x'], { taskId: 'failing', linkError: told.s('errback') });
    await chain(add.s(1, 1), add.s(1)).link(told.s('chain')).delay();
    await chain(add.s(1, 1), fail.si('x')).set({ taskId: 'last' }).linkError(told.s('step')).delay();
    expect(heard.splice(0)).toEqual(['link 3', 'errback failing', 'chain 3', 'step last']);
  });

  it('sends arguments and values through the serializer', async () => {
    const when = new Date(0);
    const echo = app.task('t.echo', (value: unknown) => value);
    expect(await (await echo.delay({ when, gone: undefined })).get()).toEqual({ when });
    const packed = await echo.applyAsync([new Uint8Array([7])], { serializer: 'msgpack' });
    expect([...Buffer.from((await packed.get()) as Uint8Array)]).toEqual([7]);
    await expect(echo.delay(() => {})).rejects.toThrow();
    const inner = await (await app.task('t.starts', () => add.delay(1, 1)).delay()).get();
    expect(app.resultFromTuple(inner).id).toMatch(/^[0-9a-f-]{36}$/);
    const failed = await app.task('t.unwritable', () => () => {}).delay();
    expect(await failed.status()).toBe('FAILURE');
  });

  it('refuses calls that a worker would refuse', async () => {
    await expect(Reflect.apply(add.delay, add, [1])).rejects.toThrow(TypeError);
  });
});

describe('ids', () => {
  it('have a root and parents, and so have results', async () => {
    const result = await chain(ids.s(), group(ids.s(), ids.s())).delay();
    if (!(result instanceof GroupResult)) throw new Error('no group');
    const first = result.parent;
    const rootId = first?.id;
    expect(await first?.get()).toMatchObject({ id: rootId, rootId, parentId: null, isEager: true });
    expect(await result.get()).toMatchObject([
      { rootId, parentId: rootId, groupId: result.id, groupIndex: 0, calledDirectly: false },
      { rootId, parentId: rootId, groupId: result.id, groupIndex: 1 },
    ]);
    const body = await chain(add.s(1, 1), chord([add.s(1), add.s(2)], total.s())).delay();
    expect(body.parent).toBeInstanceOf(GroupResult);
    expect(await body.parent?.parent?.get()).toBe(2);
  });

  it('of what a task runs are its children', async () => {
    const result = await calling.delay();
    expect(await result.get()).toBe(2);
    const [child] = (await result.children()) ?? [];
    expect(await child?.get()).toBe(2);
    const graph = await result.graph();
    expect(graph.edges).toEqual([[result.id, child?.id]]);
  });
});

describe('an eager result', () => {
  it('throws what the task threw, when asked or at once', async () => {
    const failed = await fail.apply(['late']);
    expect(failed).toBeInstanceOf(EagerResult);
    await expect(failed.get()).rejects.toBeInstanceOf(RangeError);
    expect(await failed.get({ propagate: false })).toBeInstanceOf(RangeError);
    expect(await failed.traceback()).toContain('RangeError: late');
    await expect(fail.apply(['now'], { throw: true })).rejects.toThrow('now');
    await expect(fail.s('now').apply([], { throw: true })).rejects.toThrow('now');
    await expect(chain(add.s(1, 1), fail.si('end')).apply([], { throw: true })).rejects.toThrow('end');
    const propagating = new Celery(
      'p',
      { broker: NOWHERE, task_always_eager: true, task_eager_propagates: true },
      silentLogger,
    );
    const failing = propagating.task('t.fail', () => {
      throw new RangeError('at once');
    });
    await expect(failing.delay()).rejects.toThrow('at once');
    await expect(failing.apply([], { throw: false })).resolves.toBeInstanceOf(EagerResult);
  });

  it('is null for what was ignored or rejected', async () => {
    for (const [error, status] of [
      [new Ignore(), 'IGNORED'],
      [new Reject('no'), 'REJECTED'],
    ] as const) {
      const result = await app
        .task(`t.${status}`, () => {
          throw error;
        })
        .delay();
      expect([await result.status(), await result.get(), await result.failed()]).toEqual([
        status,
        null,
        false,
      ]);
    }
  });

  it('can be revoked, which only it knows', async () => {
    const result = await add.delay(1, 1);
    await result.revoke();
    expect(await result.status()).toBe('REVOKED');
  });
});

it('what follows a task comes before its handlers, and a broken handler is seen', async () => {
  await handled.applyAsync(['fine'], { link: told.s('link') });
  await handled.applyAsync(['fail'], { taskId: 'failing', linkError: told.s('errback') });
  expect(heard.splice(0)).toEqual([
    'link fine',
    'success fine',
    'after SUCCESS',
    'errback failing',
    'failure Error: as told',
    'after FAILURE',
  ]);
  class Broken extends Task<[], number> {
    name = 't.broken';
    run(): number {
      return 1;
    }
    override onSuccess(): void {
      throw new RangeError('the handler fails');
    }
  }
  await expect(app.tasks.register(new Broken()).delay()).rejects.toThrow('the handler fails');
});

it('handlers and signals are called as in a worker', async () => {
  const signals: string[] = [];
  app.on('task_prerun', ({ task }) => void signals.push(`prerun ${task.name}`));
  app.on('task_postrun', ({ state }) => void signals.push(`postrun ${state}`));
  await handled.delay('fine');
  await handled.delay('retry');
  await handled.delay('fail');
  expect(heard.splice(0)).toEqual([
    'success fine',
    'after SUCCESS',
    'retry',
    'success retry',
    'after SUCCESS',
    'failure Error: as told',
    'after FAILURE',
  ]);
  expect(signals.filter((text) => text.startsWith('postrun'))).toEqual([
    'postrun SUCCESS',
    'postrun RETRY',
    'postrun SUCCESS',
    'postrun FAILURE',
  ]);
});

describe('task_store_eager_result', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('stores what others may ask for', async () => {
    const conf = { broker: NOWHERE, backend: redis.url(1), task_always_eager: true };
    const storing = new Celery('storing', { ...conf, task_store_eager_result: true }, silentLogger);
    const sum = storing.task('t.sum', (x: number, y: number) => x + y);
    const broken = storing.task('t.broken', () => {
      throw new RangeError('stored');
    });
    const [good, bad] = [await sum.delay(1, 2), await broken.delay()];
    const quiet = await sum.applyAsync([1, 2], { ignoreResult: true });
    expect(await storing.AsyncResult(good.id).get({ timeout: 5 })).toBe(3);
    await expect(storing.AsyncResult(bad.id).get({ timeout: 5 })).rejects.toThrow('stored');
    expect(await storing.AsyncResult(quiet.id).exists()).toBe(false);
    await storing.close();
  });
});
