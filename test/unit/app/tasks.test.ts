import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Celery,
  Ignore,
  MaxRetriesExceededError,
  Reject,
  RemoteError,
  Task,
  TimeoutError,
  UmbelError,
} from '../../../lib/index.ts';
import { type CeleryEvent, decodeEvents } from '../../../lib/protocol/event.ts';
import { decodeTaskBody } from '../../../lib/protocol/task-request.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { MiniWorker } from '../../kit/mini-worker.ts';
import { type RedisServer, startRedis } from '../../kit/redis-server.ts';

let redis: RedisServer;
let app: Celery;
let worker: MiniWorker;

class GenerateReport extends Task {
  readonly name = 'reports.generate';
  override bind = true;
  readonly seen: string[] = [];

  async run(reportId: number): Promise<string> {
    await this.updateState({ state: 'PROGRESS', meta: { reportId, current: 40, total: 100 } });
    this.sendEvent('task-progress', { current: 40 });
    return `Report ${reportId} generated`;
  }

  override onSuccess(value: unknown): void {
    this.seen.push(`success ${String(value)}`);
  }

  override afterReturn(status: string): void {
    this.seen.push(`after ${status}`);
  }
}

class QuotaError extends Error {}

function declare(target: Celery) {
  return {
    add: target.task('tasks.add', (x: number, y: number) => x + y),
    greet: target.task(
      'tasks.greet',
      (name: string, { greeting = 'Hello' }: { greeting?: string } = {}) => `${greeting} ${name}`,
    ),
    fail: target.task('tasks.fail', { throws: [QuotaError] }, (text: string) => {
      throw new QuotaError(text);
    }),
    unsendable: target.task('tasks.unsendable', () => new Map([[1, 2]])),
    retryTwice: target.task(
      'tasks.retry_twice',
      { bind: true, maxRetries: 2 },
      async (self, until: number) => {
        await sleep(1);
        if (self.request.retries < until) self.retry({ exc: new Error('not yet'), countdown: 0 });
        return self.request.retries;
      },
    ),
    auto: target.task(
      'tasks.auto',
      { bind: true, maxRetries: 3, autoretryFor: [TypeError], retryKwargs: { countdown: 0 } },
      (self, failures: number) => {
        if (self.request.retries < failures) throw new TypeError(`attempt ${self.request.retries}`);
        return { retries: self.request.retries, headers: self.request.headers };
      },
    ),
    ignore: target.task('tasks.ignore', () => {
      throw new Ignore('not now');
    }),
    reject: target.task('tasks.reject', () => {
      throw new Reject('no', false);
    }),
    request: target.task('tasks.request', { bind: true }, ({ request }) => {
      const { argsrepr, kwargsrepr, properties, utc, replyTo } = request;
      return { argsrepr, kwargsrepr, properties, utc, replyTo };
    }),
    parent: target.task('tasks.parent', { bind: true }, async (self) => {
      const child = await app.sendTask<number>('tasks.add', [1, 2]);
      await expect(child.get()).rejects.toThrow(/Never call result.get\(\) within a task/);
      return { id: self.request.id, child: child.id };
    }),
    sum: target.task('tasks.sum', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)),
  };
}

let tasks: ReturnType<typeof declare>;
const report = new GenerateReport();

beforeAll(async () => {
  redis = await startRedis();
  app = new Celery('tasks', { broker: redis.url(0), backend: redis.url(1) }, silentLogger);
  tasks = declare(app);
  app.tasks.register(report);
  worker = new MiniWorker(app);
  await worker.start(['celery', 'other']);
});

afterAll(async () => {
  await worker.stop();
  await app.close();
  await redis.stop();
});

const runsOf = (id: string) => worker.runs.filter(({ request }) => request.id === id);

describe('a function task', () => {
  it('runs in place, and elsewhere with delay', async () => {
    expect(tasks.add(2, 3)).toBe(5);
    const result = await tasks.add.delay(10, 5);
    expect(result.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await result.get({ timeout: 10 })).toBe(15);
    expect(await result.status()).toBe('SUCCESS');
    expect(await result.ready()).toBe(true);
    expect(await result.successful()).toBe(true);
    expect(await app.AsyncResult(result.id).result()).toBe(15);
    expect(await tasks.add.AsyncResult(result.id).get({ timeout: 10 })).toBe(15);
    const [run] = runsOf(result.id);
    expect(run?.outcome).toMatchObject({ state: 'SUCCESS', resultText: '15', resultRepr: '15' });
    expect(run?.request).toMatchObject({ argsrepr: '(10, 5)', rootId: result.id, parentId: null });
  });

  it('has its options and methods, and its name', () => {
    expect(tasks.add).toBeInstanceOf(Task);
    expect(tasks.add.name).toBe('tasks.add');
    expect(tasks.fail.maxRetries).toBe(3);
    expect(app.tasks.names()).toContain('tasks.add');
  });

  it('takes options of the call', async () => {
    const before = Date.now();
    const result = await tasks.add.applyAsync([1, 1], {
      countdown: 0.2,
      expires: 60,
      queue: 'other',
      priority: 6,
      taskId: 'my-own-id',
      headers: { trace: 'abc' },
      shadow: 'adding',
      timeLimit: 30,
      softTimeLimit: 20,
    });
    expect(result.id).toBe('my-own-id');
    expect(await result.get({ timeout: 10 })).toBe(2);
    expect(Date.now() - before).toBeGreaterThan(190);
    expect(runsOf('my-own-id')[0]?.request).toMatchObject({
      deliveryInfo: { exchange: '', routing_key: 'other' },
      priority: 6,
      customHeaders: { trace: 'abc' },
      shadow: 'adding',
      timeLimit: 30,
      softTimeLimit: 20,
    });
  });

  it('takes keyword arguments by name, as Python passes them', async () => {
    const byName = await app.sendTask('tasks.add', [1], { kwargs: { y: 5 } });
    expect(await byName.get({ timeout: 10 })).toBe(6);
    const intoObject = await app.sendTask('tasks.greet', [], { kwargs: { name: 'Ada', greeting: 'Hi' } });
    expect(await intoObject.get({ timeout: 10 })).toBe('Hi Ada');
    const unknown = await app.sendTask('tasks.add', [1], { kwargs: { z: 5 } });
    await expect(unknown.get({ timeout: 10 })).rejects.toMatchObject({
      name: 'TypeError',
      message: "add() got an unexpected keyword argument 'z'",
    });
  });

  it.each([
    [{ countdown: Number.NaN }, /countdown must be a number/],
    [{ eta: 'soon' }, /eta must be a Date or an ISO 8601 time/],
    [{ priority: -1 }, /priority must be a whole number/],
    [{ timeLimit: 1, softTimeLimit: 2 }, /softTimeLimit must be at most/],
    [{ priority: 256 }, /priority must be a whole number from 0 to 255/],
    [{ countdwn: 1 } as object, /"countdwn" is no option of a call\. Did you mean "countdown"/],
    [{ serializer: 'pickle' as 'json' }, /There are: json, msgpack, yaml/],
  ])('refuses %j before anything is sent', async (options, reason) => {
    await expect(tasks.add.applyAsync([1, 2], options)).rejects.toThrow(reason);
  });

  it('refuses arguments that are no JSON', async () => {
    await expect(app.sendTask('tasks.add', [() => 1])).rejects.toThrow(/Cannot write a function as JSON/);
  });
});

it('the request says how the message came', async () => {
  const result = await tasks.request.applyAsync([], { priority: 4, kwargs: {} });
  expect(await result.get({ timeout: 10 })).toEqual({
    argsrepr: '()',
    kwargsrepr: '{}',
    properties: {
      correlation_id: result.id,
      reply_to: app.oid,
      priority: 4,
      delivery_info: expect.objectContaining({ exchange: '', routing_key: 'celery' }),
    },
    utc: null,
    replyTo: app.oid,
  });
  expect(tasks.request.call()).toMatchObject({ argsrepr: null, properties: null, utc: null });
});

describe('a class task', () => {
  it('tells its progress and calls its handlers', async () => {
    const states: string[] = [];
    const result = await report.delay(7);
    const value = await result.get({ timeout: 10, onMessage: ({ status }) => states.push(status) });
    expect(value).toBe('Report 7 generated');
    expect(worker.states).toContainEqual(['PROGRESS', { reportId: 7, current: 40, total: 100 }]);
    expect(worker.events).toContainEqual(['task-progress', { uuid: result.id, current: 40 }]);
    await expect.poll(() => report.seen).toEqual(['success Report 7 generated', 'after SUCCESS']);
  });

  it('is callable in place once registered', async () => {
    const registered = app.tasks.register(new GenerateReport());
    expect(await registered(1)).toBe('Report 1 generated');
    expect(await registered.run(2)).toBe('Report 2 generated');
  });
});

describe('a task that fails', () => {
  it('throws its error where the result is asked for', async () => {
    const result = await tasks.fail.delay('full');
    const error = await result.get({ timeout: 10 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ name: 'QuotaError', message: 'full', pyModule: 'tasks' });
    expect(await result.status()).toBe('FAILURE');
    expect(await result.failed()).toBe(true);
    expect(await result.get({ timeout: 10, propagate: false })).toBeInstanceOf(Error);
    expect(await result.traceback()).toContain('QuotaError: full');
    expect(runsOf(result.id)[0]?.outcome).toMatchObject({
      exceptionRepr: "QuotaError('full')",
      isExpectedError: true,
    });
  });

  it('is a failure too when its value is no JSON', async () => {
    const result = await tasks.unsendable.delay();
    await expect(result.get({ timeout: 10 })).rejects.toMatchObject({
      name: 'EncodeError',
      message: expect.stringContaining('Cannot write a Map as JSON'),
    });
  });

  it('is a failure when nobody knows the task', async () => {
    const result = await app.sendTask('no.such');
    await expect(result.get({ timeout: 10 })).rejects.toMatchObject({
      name: 'NotRegistered',
      message: 'no.such',
    });
  });

  it('is given up after the timeout', async () => {
    const result = app.AsyncResult('never-sent');
    expect(await result.status()).toBe('PENDING');
    const error = await result.get({ timeout: 0.1 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ message: 'The operation timed out.' });
  });
});

describe('retries', () => {
  it('keep id, queue and headers, and count', async () => {
    const result = await tasks.retryTwice.applyAsync([2], { queue: 'other', headers: { trace: 'x' } });
    expect(await result.get({ timeout: 10 })).toBe(2);
    const runs = runsOf(result.id);
    expect(runs.map(({ outcome }) => outcome.state)).toEqual(['RETRY', 'RETRY', 'SUCCESS']);
    expect(runs.map(({ request }) => request.retries)).toEqual([0, 1, 2]);
    for (const { request } of runs.slice(1)) {
      expect(request).toMatchObject({
        deliveryInfo: { exchange: '', routing_key: 'other' },
        customHeaders: { trace: 'x' },
        parentId: result.id,
        rootId: result.id,
        argsrepr: '(2,)',
      });
      expect(request.etaText).toMatch(/\+00:00$/);
    }
    expect(runs[0]?.outcome).toMatchObject({
      exceptionRepr: "Exception('not yet')",
      resultText: '{"exc_type":"Exception","exc_message":["not yet"],"exc_module":"builtins"}',
    });
  });

  it('keep what the call was sent with, and what is to follow', async () => {
    const options = {
      expires: 300,
      priority: 6,
      timeLimit: 30,
      softTimeLimit: 20,
      ignoreResult: true,
      shadow: 'twice',
      group: 'a-group',
      groupIndex: 3,
      link: sig('tasks.add', [1], { task_id: 'after-retry' }),
      linkError: sig('tasks.add', [1]),
      chain: [sig('tasks.add', [2], { task_id: 'step-after-retry' })],
      chord: sig('tasks.sum', [], { task_id: 'body-after-retry' }),
    };
    const { id } = await tasks.retryTwice.applyAsync([1], options);
    await expect.poll(() => runsOf(id).length, { timeout: 10_000 }).toBe(2);
    const [first, second] = runsOf(id).map(({ request }) => request);
    if (!first || !second) throw new Error('unreachable: there are two');
    const { expires, expiresText } = first;
    expect(expires).not.toBeNull();
    expect(second).toMatchObject({
      ...{ expires, expiresText, priority: 6, timeLimit: 30, softTimeLimit: 20, ignoreResult: true },
      ...{ shadow: 'twice', group: 'a-group', groupIndex: 3, retries: 1, rootId: id },
    });
    const { embed } = decodeTaskBody(second.bodyText);
    expect(embed).toEqual(decodeTaskBody(first.bodyText).embed);
    expect(embed).toMatchObject({
      callbacks: [{ options: { task_id: 'after-retry' } }],
      errbacks: [{ task: 'tasks.add' }],
      chain: [{ options: { task_id: 'step-after-retry' } }],
      chord: { options: { task_id: 'body-after-retry' } },
    });
    expect(await app.AsyncResult('after-retry').get({ timeout: 10 })).toBe(2);
    expect(await app.AsyncResult('step-after-retry').get({ timeout: 10 })).toBe(3);
  });

  it('end with the error when no attempt is left', async () => {
    const result = await tasks.retryTwice.delay(9);
    await expect(result.get({ timeout: 10 })).rejects.toMatchObject({
      name: 'Exception',
      message: 'not yet',
    });
    expect(runsOf(result.id)).toHaveLength(3);
  });

  it('end with MaxRetriesExceededError when no error was named', async () => {
    const bare = app.task('tasks.bare_retry', { bind: true, maxRetries: 0 }, (self, x: number) => {
      self.retry({ countdown: 0 });
      return x;
    });
    const result = await bare.delay(1);
    const error = await result.get({ timeout: 10 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MaxRetriesExceededError);
    expect(error).toMatchObject({
      message: `Can't retry tasks.bare_retry[${result.id}] args:(1,) kwargs:{}`,
    });
  });

  it('come by themselves with autoretryFor', async () => {
    const result = await tasks.auto.applyAsync([2], { headers: { trace: 'y' } });
    expect(await result.get({ timeout: 10 })).toEqual({ retries: 2, headers: { trace: 'y' } });
    const exhausted = await tasks.auto.delay(99);
    await expect(exhausted.get({ timeout: 10 })).rejects.toMatchObject({
      name: 'TypeError',
      message: 'attempt 3',
    });
  });
});

describe('what a task can decide', () => {
  it('Ignore stores nothing, Reject gives the message back or away', async () => {
    const ignored = await tasks.ignore.delay();
    const rejected = await tasks.reject.delay();
    await expect.poll(() => runsOf(rejected.id).length).toBe(1);
    await expect.poll(() => runsOf(ignored.id).length).toBe(1);
    expect(runsOf(ignored.id)[0]?.outcome).toMatchObject({ state: 'IGNORED', resultText: null });
    expect(runsOf(rejected.id)[0]?.outcome).toMatchObject({ state: 'REJECTED', reject: { requeue: false } });
    expect(await ignored.status()).toBe('PENDING');
  });

  it('tasks sent by a task are its children', async () => {
    const result = await tasks.parent.delay();
    const { id, child } = (await result.get({ timeout: 10 })) as { id: string; child: string };
    expect(id).toBe(result.id);
    expect((await result.meta())?.children).toEqual([[[child, null], null]]);
    await expect.poll(() => runsOf(child).length).toBe(1);
    expect(runsOf(child)[0]?.request).toMatchObject({ parentId: id, rootId: id });
  });
});

const sig = (task: string, args: unknown[] = [], options = {}, rest = {}) => ({
  task,
  args,
  kwargs: {},
  options,
  subtask_type: null,
  immutable: false,
  ...rest,
});

describe('what follows a task', () => {
  it('a link gets the value, and a chain goes on to its end', async () => {
    const link = sig('tasks.add', [10], { task_id: 'linked' });
    const chain = [sig('tasks.add', [3], { task_id: 'last' }), sig('tasks.add', [2], { task_id: 'second' })];
    const first = await tasks.add.applyAsync([1, 1], { link, chain });
    expect(await app.AsyncResult('last').get({ timeout: 10 })).toBe(7);
    expect(await app.AsyncResult('linked').get({ timeout: 10 })).toBe(12);
    expect(runsOf('last')[0]?.request).toMatchObject({ rootId: first.id, parentId: 'second' });
  });

  it('an immutable signature gets nothing', async () => {
    await tasks.add.applyAsync([1, 1], {
      link: sig('tasks.add', [4, 4], { task_id: 'immutable' }, { immutable: true }),
    });
    expect(await app.AsyncResult('immutable').get({ timeout: 10 })).toBe(8);
  });

  it('a failure reaches the rest of the chain and the errbacks', async () => {
    const told = app.task('tasks.told', (failedId: string) => `told of ${failedId}`);
    expect(told.name).toBe('tasks.told');
    await tasks.fail.applyAsync(['broken'], {
      taskId: 'broken',
      chain: [sig('tasks.add', [1], { task_id: 'never' })],
      linkError: sig('tasks.told', [], { task_id: 'errback' }),
    });
    await expect(app.AsyncResult('never').get({ timeout: 10 })).rejects.toMatchObject({ message: 'broken' });
    expect(await app.AsyncResult('errback').get({ timeout: 10 })).toBe('told of broken');
    expect(runsOf('never')).toEqual([]);
  });

  it('a group in a chain is sent member by member', async () => {
    const group = sig(
      'celery.group',
      [],
      { task_id: 'the-group' },
      {
        kwargs: {
          tasks: [sig('tasks.add', [1], { task_id: 'g0' }), sig('tasks.add', [2], { task_id: 'g1' })],
        },
      },
    );
    await tasks.add.applyAsync([1, 1], { chain: [group] });
    expect(await app.AsyncResult('g0').get({ timeout: 10 })).toBe(3);
    expect(await app.AsyncResult('g1').get({ timeout: 10 })).toBe(4);
    expect(runsOf('g1')[0]?.request).toMatchObject({ group: 'the-group', groupIndex: 1 });
  });

  it('a chord in a chain calls its body once, with the values in order', async () => {
    const header = sig(
      'celery.group',
      [],
      { task_id: 'the-chord' },
      {
        kwargs: { tasks: [sig('tasks.add', [1]), sig('tasks.add', [2]), sig('tasks.add', [3])] },
      },
    );
    const chord = sig(
      'celery.chord',
      [],
      {},
      {
        kwargs: { kwargs: {}, header, body: sig('tasks.sum', [], { task_id: 'chord-body' }) },
      },
    );
    await tasks.add.applyAsync([1, 1], { chain: [chord] });
    expect(await app.AsyncResult('chord-body').get({ timeout: 10 })).toBe(12);
    expect(runsOf('chord-body')).toHaveLength(1);
    expect(runsOf('chord-body')[0]?.request.argsrepr).toBe('([3, 4, 5],)');
  });

  it('a chord whose header fails gives its body a ChordError', async () => {
    const header = [
      sig('tasks.add', [1]),
      sig('tasks.fail', ['in the header'], { task_id: 'bad-member' }, { immutable: true }),
    ];
    const chord = sig(
      'celery.chord',
      [],
      {},
      {
        kwargs: { kwargs: {}, header, body: sig('tasks.sum', [], { task_id: 'failed-body' }) },
      },
    );
    await tasks.add.applyAsync([1, 1], { chain: [chord] });
    await expect(app.AsyncResult('failed-body').get({ timeout: 10 })).rejects.toMatchObject({
      name: 'ChordError',
      message: "Dependency bad-member raised QuotaError('in the header')",
    });
  });
});

describe('eager tasks', () => {
  it('apply runs here, with retries at once', async () => {
    const result = await tasks.retryTwice.apply([2]);
    expect(await result.get()).toBe(2);
    expect(await result.status()).toBe('SUCCESS');
    const failed = await tasks.fail.apply(['x']);
    await expect(failed.get()).rejects.toBeInstanceOf(QuotaError);
    await expect(tasks.fail.apply(['x'], { throw: true })).rejects.toBeInstanceOf(QuotaError);
  });

  it('task_always_eager turns delay into apply', async () => {
    const eager = new Celery(
      'eager',
      { broker: 'redis://127.0.0.1:1/0', task_always_eager: true },
      silentLogger,
    );
    const add = eager.task('tasks.add', (x: number, y: number) => x + y);
    expect(await (await add.delay(1, 2)).get()).toBe(3);
  });
});

describe('a task-sent event', () => {
  it('goes out for each call when it is switched on', async () => {
    const sender = new Celery(
      'sender',
      { broker: redis.url(0), backend: redis.url(1), task_send_sent_event: true },
      silentLogger,
    );
    const transport = await app.transport();
    const events: CeleryEvent[] = [];
    const subscription = await transport.subscribe('celeryev', '#', (message) => {
      events.push(...decodeEvents(message));
    });
    const result = await sender.sendTask('tasks.add', [1, 2], { queue: 'other', shadow: 'adding' });
    await expect.poll(() => events.length).toBe(1);
    expect(events[0]).toMatchObject({
      type: 'task-sent',
      uuid: result.id,
      root_id: result.id,
      parent_id: null,
      name: 'adding',
      args: '(1, 2)',
      kwargs: '{}',
      retries: 0,
      eta: null,
      expires: null,
      queue: 'other',
      exchange: '',
      routing_key: 'other',
      hostname: sender.origin,
    });
    await subscription.close();
    await sender.close();
  });
});

describe('a broker that is down', () => {
  it('makes a call fail with a line that says so', async () => {
    const lost = new Celery(
      'lost',
      { broker: 'redis://:secret@127.0.0.1:1/0', broker_connection_timeout: 0.2 },
      silentLogger,
    );
    const add = lost.task('tasks.add', (x: number, y: number) => x + y);
    const error = await add.applyAsync([1, 2], { retry: false }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UmbelError);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(String(error)).not.toContain('secret');
    await lost.close();
  });
});
