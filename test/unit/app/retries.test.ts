import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Celery, MaxRetriesExceededError } from '../../../lib/index.ts';
import { decodeTaskBody } from '../../../lib/protocol/task-request.ts';
import { MiniBench } from '../../kit/mini-bench.ts';
import { declareTasks, sig } from './declared-tasks.ts';

let bench: MiniBench;
let app: Celery;
let tasks: ReturnType<typeof declareTasks>;

beforeAll(async () => {
  bench = await MiniBench.start({ queues: ['celery', 'other'] });
  app = bench.app;
  tasks = declareTasks(app);
});

afterAll(() => bench.stop());

const runsOf = (id: string) => bench.worker.runs.filter(({ request }) => request.id === id);

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
