import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery, chain, chord, Reject } from '../../lib/index.ts';
import { QUEUES } from '../kit/acks-app.ts';
import { startRabbitmqBroker } from '../kit/brokers.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/* What becomes of the message of a late-ack task that does not succeed, as RabbitMQ sees it: acked, refused or set aside. */

let broker: Awaited<ReturnType<typeof startRabbitmqBroker>>;
let redis: RedisServer;
let app: Celery;
let worker: TestProcess;
/** Ids of messages, as the tests expect them at the broker in the end. */
const refused: string[] = [];
const setAside: string[] = [];
/** Ids of tasks of whose failure a listener must hear, once. */
const failed: string[] = [];

beforeAll(async () => {
  [broker, redis] = await Promise.all([startRabbitmqBroker(), startRedis()]);
  await broker.vhost.request('PUT', queuePath('dead'), { durable: true });
  const env = { CELERY_BROKER_URL: broker.url(), CELERY_RESULT_BACKEND: redis.url(1) };
  worker = umbel(
    ['-A', 'test/kit/acks-app.ts', 'worker', '-l', 'info', '-E', '-P', 'prefork', '-c', '2', '-Q', 'acks'],
    { env },
  );
  await worker.waitFor(/ ready\./);
  app = new Celery('client', { broker: broker.url(), backend: redis.url(1), ...QUEUES });
}, 150_000);
afterAll(async () => {
  await app.close();
  await worker.stop();
  await broker.stop();
  await redis.stop();
});
const queuePath = (queue: string): string => `queues/${broker.vhost.name}/${queue}`;

interface Found {
  readonly properties: { readonly correlation_id: string; readonly headers: Record<string, unknown> };
}

/** The messages in a queue, which stay there. */
async function messagesIn(queue: string): Promise<{ id: string; headers: Record<string, unknown> }[]> {
  const got = await broker.vhost.request('POST', `${queuePath(queue)}/get`, {
    count: 50,
    ackmode: 'ack_requeue_true',
    encoding: 'auto',
  });
  return (got as Found[]).map(({ properties: { correlation_id: id, headers } }) => ({ id, headers }));
}

const idsIn = async (queue: string): Promise<string[]> => (await messagesIn(queue)).map(({ id }) => id);

const startsOf = (name: string, id: string): number =>
  worker.output.split(`Task ${name}[${id}] received`).length - 1;

describe.each([
  ['a.fail', 'acked', 'as told'],
  ['a.fail.noack', 'refused', 'as told'],
  ['a.fail.neither', 'refused', 'as told'],
  ['a.fail.own', 'acked', 'as told'],
  ['a.slow', 'acked', '0.2'],
  ['a.slow.own', 'acked', '0.2'],
  ['a.slow.early', 'acked', '0.2'],
  ['a.lost', 'acked', 'exitcode 3'],
  ['a.lost.noack', 'refused', 'exitcode 3'],
  ['a.reject', 'refused', 'as told'],
])('%s', (name, end, reason) => {
  it(`fails once, and its message is ${end}`, async () => {
    const result = await app.sendTask(name, [], {
      linkError: app.signature('a.told', [], { taskId: `errback of ${name}` }),
    });
    await expect(result.get({ timeout: 20 })).rejects.toThrow(reason);
    const errback = app.AsyncResult(`errback of ${name}`);
    expect(await errback.get({ timeout: 10 })).toBe(`told of ${result.id}`);
    if (end === 'refused') refused.push(result.id);
    expect(startsOf(name, result.id)).toBe(1);
    failed.push(result.id);
  });
});

it.each(['a.slow.noack', 'a.slow.neither'])(
  '%s runs again after its time limit, and is set aside in the end',
  async (name) => {
    const member = app.signature(name, [], { taskId: `member ${name}` });
    const body = await chord([member, app.signature('a.one')], app.signature('a.sum')).delay();
    await expect(body.get({ timeout: 30, followParents: false })).rejects.toThrow(/TimeLimitExceeded/);
    expect(startsOf(name, `member ${name}`)).toBe(5);
    failed.push(`member ${name}`);
    expect(await app.AsyncResult(`member ${name}`).status()).toBe('FAILURE');
    setAside.push(`member ${name}`);
  },
);

describe('a task that refuses its message for good', () => {
  it('has that as its result, and fails who waits for it', async () => {
    const result = await app.sendTask('a.reject');
    refused.push(result.id);
    const error = await result.get({ timeout: 10 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Reject);
    expect(error).toMatchObject({ args: ['as told', false] });
    const rejecting = (id: string) => {
      refused.push(id);
      return app.signature('a.reject', [], { taskId: id });
    };
    const steps = await chain(rejecting('step'), app.signature('a.told')).delay();
    await expect(steps.get({ timeout: 10, followParents: false })).rejects.toBeInstanceOf(Reject);
    const body = await chord([rejecting('member'), app.signature('a.one')], app.signature('a.sum')).delay();
    await expect(body.get({ timeout: 10, followParents: false })).rejects.toThrow(
      /Dependency .* raised Reject/,
    );
  });
});

describe('a retry that cannot be sent', () => {
  it('gives the message of a late-ack task back', async () => {
    const result = await app.sendTask('a.unwritable');
    expect(await result.get({ timeout: 10 })).toBe('run again');
    expect(worker.output).toMatch(/Task a\.unwritable\[.*\] reject requeue=True: .*Cannot write a function/);
    expect(startsOf('a.unwritable', result.id)).toBe(2);
  });

  it('fails a task whose message is acked already', async () => {
    const result = await app.sendTask('a.unwritable.early');
    await expect(result.get({ timeout: 10 })).rejects.toThrow(/Cannot write a function/);
  });
});

it('the broker has what was refused and what was set aside, and nothing else', async () => {
  // What a worker that is gone had not settled is back in its queue.
  expect(await worker.stop()).toBe(0);
  expect((await idsIn('dead')).sort()).toEqual(refused.sort());
  const parked = await messagesIn('umbel.parked');
  expect(parked.map(({ id }) => id).sort()).toEqual(setAside.sort());
  expect(new Set(parked.map(({ headers }) => headers['x-umbel-reason']))).toEqual(
    new Set(['it was over its time limit 5 times: Hard time limit (0.2s) exceeded']),
  );
  expect(await idsIn('acks')).toEqual([]);
});

it('listeners have heard of each failure once', () => {
  const heard = [...worker.output.matchAll(/task_failure of (.*)$/gm)].map(([, id]) => id);
  expect(heard.filter((id) => id !== undefined && failed.includes(id)).sort()).toEqual(failed.sort());
});
