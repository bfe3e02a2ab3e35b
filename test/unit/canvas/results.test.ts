import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AsyncResult,
  Celery,
  chain,
  GroupResult,
  group,
  IncompleteStream,
  ResultSet,
  TimeoutError,
} from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { MiniBench } from '../../kit/mini-bench.ts';
import { MiniWorker } from '../../kit/mini-worker.ts';
import { waitUntil } from '../../kit/wait-until.ts';

let bench: MiniBench;
let app: Celery;

const wait = { timeout: 5 };

beforeAll(async () => {
  bench = await MiniBench.start();
  app = bench.app;
});

afterAll(() => bench.stop());

function tasks() {
  const add = app.task('t.add', (x: number, y: number) => x + y);
  return {
    add,
    slow: app.task('t.slow', { bind: true }, async (self, state: string) => {
      await self.updateState({ state, meta: { done: 1 } });
      await new Promise((resolve) => setTimeout(resolve, 150));
      return state;
    }),
    parent: app.task('t.parent', () => add.delay(1, 1)),
    grandparent: app.task('t.grandparent', () => group(add.s(1, 1), add.s(2, 2)).delay()),
    listening: app.task('t.listening', async () => {
      const result = await add.delay(1, 1);
      return new Promise<number>((resolve, reject) => result.onReady(resolve, reject));
    }),
    unsent: app.task('t.unsent', async () => {
      await Reflect.apply(add.delay, add, [1, () => {}]).catch(() => {});
    }),
    inside: app.task('t.inside', async () => (await add.delay(1, 1)).get()),
    fail: app.task('t.fail', (text: string): number => {
      throw new RangeError(text);
    }),
  };
}

/** A call that nobody will run. */
const never = () => tasks().add.applyAsync([1, 1], { queue: 'nobody' });

describe('the result of a task', () => {
  it('tells what comes while one waits', async () => {
    const { slow } = tasks();
    const result = await slow.delay('PROGRESS');
    const states: string[] = [];
    const values: unknown[] = [];
    let beats = 0;
    await result.get({
      ...wait,
      interval: 0.02,
      onInterval: () => (beats += 1),
      onMessage: ({ status }) => states.push(status),
      callback: (id, value) => values.push(id, value),
    });
    expect(states.at(-1)).toBe('SUCCESS');
    expect(values).toEqual([result.id, 'PROGRESS']);
    expect(beats).toBeGreaterThan(1);
    const later: unknown[] = [];
    result.onReady((value) => later.push(value));
    (await tasks().fail.delay('x')).onReady(
      () => {},
      (error) => later.push(String(error)),
    );
    await expect.poll(() => [...later].sort()).toEqual(['PROGRESS', 'ValueError: x']);
  });

  it('says when it ended, and what else is known', async () => {
    const { add, fail } = tasks();
    const result = await add.delay(1, 2);
    await result.get(wait);
    expect(await result.dateDone()).toBeInstanceOf(Date);
    expect(Math.abs(Date.now() - Number(await result.dateDone()))).toBeLessThan(60_000);
    expect([await result.exists(), await result.name(), await result.worker()]).toEqual([true, null, null]);
    expect(await new AsyncResult(app, 'unknown').exists()).toBe(false);
    await result.maybeThrow();
    const failed = await fail.delay('late');
    await expect(failed.get(wait)).rejects.toThrow('late');
    await expect(failed.maybeThrow()).rejects.toThrow('late');
  });

  it('is refused inside a task, in the words of Celery', async () => {
    const { inside } = tasks();
    await expect((await inside.delay()).get(wait)).rejects.toThrow(
      /^Never call result\.get\(\) within a task!/,
    );
  });

  it('of an ignored call is null at once', async () => {
    const { add } = tasks();
    const result = await add.applyAsync([1, 1], { queue: 'nobody', ignoreResult: true });
    expect([result.ignored, await result.get()]).toEqual([true, null]);
    expect((await add.delay(1, 1)).ignored).toBe(false);
  });

  it('is itself, wherever it comes from', async () => {
    const { add } = tasks();
    const result = await chain(add.s(1, 1), add.s(1), add.s(1)).delay();
    const again = app.resultFromTuple(JSON.parse(JSON.stringify(result)));
    expect(again).toBeInstanceOf(AsyncResult);
    expect(again.asTuple()).toEqual(result.asTuple());
    expect(result.asList()).toEqual([result.id, result.parent?.id, result.parent?.parent?.id]);
    expect([result.equals(again.id), result.equals(app.AsyncResult('other'))]).toEqual([true, false]);
    await result.get(wait);
    await result.forget();
    expect(await app.AsyncResult(result.parent?.parent?.id ?? '').exists()).toBe(false);
  });
});

describe('what a result has started', () => {
  it('is collected breadth first, drawn, and has a leaf', async () => {
    const { add, parent, grandparent } = tasks();
    const one = await parent.delay();
    const [child] = await Promise.all([one.get(wait)]);
    const values: unknown[] = [];
    for await (const [, value] of one.collect(wait)) values.push(value);
    expect(values).toEqual([child, 2]);
    expect(await one.getLeaf(wait)).toBe(2);
    const many = await grandparent.delay();
    await many.get(wait);
    await app.resultFromTuple(await many.result()).get(wait);
    const graph = await many.graph();
    const leaves = app.resultFromTuple(await many.result()).leaves();
    expect(graph.nodes).toHaveLength(4);
    expect(graph.edges).toHaveLength(3);
    expect(graph.toDot()).toMatch(/^digraph dependencies \{\n {4}"/);
    expect(graph.toDot()).toContain(`-> "${leaves[0]?.id}"`);
    const chained = await chain(add.s(1, 1), add.s(1)).delay();
    await chained.get(wait);
    const first = app.AsyncResult(chained.parent?.id ?? '');
    await expect.poll(() => first.ready()).toBe(true);
    expect((await first.graph()).edges).toEqual([[first.id, chained.id]]);
  });

  it('is incomplete before it has ended', async () => {
    const pending = await never();
    const walk = async (intermediate: boolean): Promise<string[]> => {
      const ids: string[] = [];
      for await (const [, { id }] of pending.iterdeps({ intermediate })) ids.push(id);
      return ids;
    };
    await expect(walk(false)).rejects.toThrow(IncompleteStream);
    expect(await walk(true)).toEqual([pending.id]);
    await expect(pending.graph()).rejects.toThrow(IncompleteStream);
  });
});

describe('inside a task', () => {
  it('a callback may be left for a result', async () => {
    expect(await (await tasks().listening.delay()).get(wait)).toBe(2);
  });

  it('what could not be sent is no child', async () => {
    const result = await tasks().unsent.delay();
    await result.get(wait);
    expect(await result.children()).toEqual([]);
  });
});

describe('a result that result_serializer cannot write', () => {
  it('is a failure of its task', async () => {
    const urls = { broker: bench.redis.url(2), backend: bench.redis.url(3) };
    const settings = { result_serializer: 'msgpack', result_accept_content: ['msgpack'] };
    const other = new Celery('packed', { ...urls, ...settings }, silentLogger);
    const wide = other.task('t.wide', (bits: number) => 2n ** BigInt(bits));
    const packing = new MiniWorker(other);
    await packing.start();
    try {
      expect(await (await wide.delay(62)).get(wait)).toBe(2n ** 62n);
      await expect((await wide.delay(80)).get(wait)).rejects.toMatchObject({ name: 'EncodeError' });
    } finally {
      await packing.stop();
      await other.close();
    }
  });
});

describe('a set of results', () => {
  it('changes, counts, and waits for all in order', async () => {
    const { add } = tasks();
    const [a, b, c] = [await add.delay(1, 1), await add.delay(2, 2), await never()];
    const set = new ResultSet<number[]>(app, [a]);
    set.add(b);
    set.add(b);
    set.update([a, c]);
    expect([set.length, [...set].map(({ id }) => id), set.at(-1)?.id]).toEqual([3, [a.id, b.id, c.id], c.id]);
    expect(await set.waiting()).toBe(true);
    set.remove(c);
    set.discard(c);
    expect(() => set.remove(c.id)).toThrow(/is not in the set/);
    expect(await set.get(wait)).toEqual([2, 4]);
    expect([
      await set.ready(),
      await set.successful(),
      await set.failed(),
      await set.completedCount(),
    ]).toEqual([true, true, false, 2]);
    const seen: unknown[] = [];
    expect(await set.join({ ...wait, callback: (id, value) => seen.push([id, value]) })).toEqual([]);
    expect(seen).toEqual([
      [a.id, 2],
      [b.id, 4],
    ]);
    expect(await set.joinNative(wait)).toEqual([2, 4]);
    await set.forget();
    expect(await set.completedCount()).toBe(0);
    set.clear();
    expect(await set.get(wait)).toEqual([]);
  });

  it('gives values in the order in which they come, and the first error', async () => {
    const { add, slow, fail } = tasks();
    const [late, soon] = [await slow.delay('WORKING'), await add.delay(1, 1)];
    const set = new ResultSet(app, [late, soon]);
    const order: unknown[] = [];
    for await (const [, value] of set.iterate(wait)) order.push(value);
    expect(order).toEqual([2, 'WORKING']);
    const broken = new ResultSet(app, [await never(), await fail.delay('first')]);
    await expect(broken.get(wait)).rejects.toThrow('first');
    await expect(broken.maybeThrow()).rejects.toThrow('first');
    expect(await broken.failed()).toBe(true);
    await expect(new ResultSet(app, [await never()]).get({ timeout: 0.05 })).rejects.toThrow(TimeoutError);
  });

  it('waits for none of the rest when one stops early', async () => {
    const client = new Redis(bench.redis.port);
    const isHeard = async (): Promise<boolean> => (await client.pubsub('CHANNELS', '*meta*')).length > 0;
    const set = new ResultSet(app, [await never(), await tasks().add.delay(1, 1)]);
    for await (const [, value] of set.iterate(wait)) {
      expect(value).toBe(2);
      break;
    }
    await waitUntil('nobody listens', async () => !(await isHeard()));
    client.disconnect();
  });

  it('of a group equals the same group', async () => {
    const { add } = tasks();
    const result = await group(add.s(1, 1), add.s(2, 2)).delay();
    const again = app.resultFromTuple(result.asTuple());
    if (!(again instanceof GroupResult)) throw new Error('no group');
    expect(result.equals(again)).toBe(true);
    again.remove(result.at(0)?.id ?? '');
    expect(result.equals(again)).toBe(false);
    expect((await result.children()).map(({ id }) => id)).toEqual([...result].map(({ id }) => id));
  });
});
