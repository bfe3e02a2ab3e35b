import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery, RemoteError, Task, TimeoutError } from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { MiniBench } from '../../kit/mini-bench.ts';
import { declareTasks, QuotaError } from './declared-tasks.ts';

let bench: MiniBench;
let app: Celery;
let tasks: ReturnType<typeof declareTasks>;

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

const report = new GenerateReport();

beforeAll(async () => {
  bench = await MiniBench.start({ queues: ['celery', 'other'] });
  app = bench.app;
  tasks = declareTasks(app);
  app.tasks.register(report);
});

afterAll(() => bench.stop());

const runsOf = (id: string) => bench.worker.runs.filter(({ request }) => request.id === id);

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
    expect(bench.worker.states).toContainEqual(['PROGRESS', { reportId: 7, current: 40, total: 100 }]);
    expect(bench.worker.events).toContainEqual(['task-progress', { uuid: result.id, current: 40 }]);
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
