import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery, chain } from '../../lib/index.ts';
import { decodeEnvelope } from '../../lib/protocol/envelope.ts';
import { decodeTaskRequest, type TaskRequest } from '../../lib/protocol/task-message.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { umbel } from '../kit/process.ts';
import { RedisReader } from '../kit/redis-reader.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* What calls, routes and retries say, seen in the messages that they send. */

let redis: RedisServer;
let reader: RedisReader;

beforeAll(async () => {
  redis = await startRedis();
  reader = new RedisReader(redis.port);
});
afterAll(async () => {
  reader.close();
  await redis.stop();
});

function appWith(settings: object = {}): Celery {
  return new Celery('options', { broker: redis.url(0), backend: redis.url(1), ...settings }, silentLogger);
}

async function takeFrom(queue: string): Promise<TaskRequest> {
  const text = await reader.pop(queue);
  return decodeTaskRequest(decodeEnvelope(text));
}

test('argsrepr and kwargsrepr hide what monitors and logs should not show', async () => {
  const app = appWith();
  await app.sendTask('shop.pay', ['4111 1111'], {
    kwargs: { pin: 1234 },
    argsrepr: "('4111 ****',)",
    kwargsrepr: '{}',
    queue: 'hidden',
  });
  expect(await takeFrom('hidden')).toMatchObject({ argsrepr: "('4111 ****',)", kwargsrepr: '{}' });
  await app.close();
});

test('a time without offset on the command line is of the zone of the app, wherever the caller is', async () => {
  const words = [
    'call',
    'shop.pay',
    '--queue',
    'timed',
    '--eta',
    '2030-01-01T00:00:00',
    '--expires',
    '2030-01-02T00:00:00',
  ];
  const call = umbel(['-b', redis.url(0), ...words], { env: { TZ: 'Asia/Tokyo' } });
  expect(await call.ended(20_000)).toBe(0);
  const { eta, expires } = await takeFrom('timed');
  expect([eta, expires]).toEqual([Date.UTC(2030, 0, 1) / 1000, Date.UTC(2030, 0, 2) / 1000]);
});

describe('a route', () => {
  test('sets options of the call, under the names of Celery or ours; those of the call win', async () => {
    const app = appWith({
      task_routes: {
        'shop.*': { queue: 'routed', priority: 3, time_limit: 30, softTimeLimit: 20, serializer: 'json' },
      },
    });
    await app.sendTask('shop.pay', [], { timeLimit: 40, priority: 0 });
    expect(await takeFrom('routed')).toMatchObject({ timeLimit: 40, softTimeLimit: 20, priority: 0 });
    await app.close();
  });

  test('with an option that there is not is refused', async () => {
    const app = appWith({ task_routes: { 'shop.*': { queue: 'routed', timelimit: 30 } } });
    await expect(app.sendTask('shop.pay')).rejects.toThrow(
      /"timelimit" is no option of a call\. Did you mean "timeLimit"/,
    );
    await app.close();
  });
});

interface Envelope {
  readonly 'content-type': string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}
type Levels = readonly [app: unknown, task: unknown, call: unknown];

test.each<[option: string, setting: string | null, given: Levels, (message: Envelope) => unknown, Levels]>([
  ['deliveryMode', 'task_default_delivery_mode', [1, 2, 1], (m) => m.properties['delivery_mode'], [1, 2, 1]],
  [
    'ignoreResult',
    'task_ignore_result',
    [true, false, true],
    (m) => m.headers['ignore_result'],
    [true, false, true],
  ],
  [
    'serializer',
    'task_serializer',
    ['yaml', 'msgpack', 'json'],
    (m) => m['content-type'],
    ['application/x-yaml', 'application/x-msgpack', 'application/json'],
  ],
  [
    'compression',
    'task_compression',
    ['gzip', 'brotli', 'gzip'],
    (m) => m.headers['compression'],
    ['application/x-gzip', 'application/x-brotli', 'application/x-gzip'],
  ],
  ['timeLimit', null, [null, 50, 70], (m) => Object(m.headers['timelimit'])[0], [null, 50, 70]],
  ['softTimeLimit', null, [null, 50, 70], (m) => Object(m.headers['timelimit'])[1], [null, 50, 70]],
  [
    'expires',
    null,
    [null, 50, 70],
    (m) => Math.round(Number(m.properties['expiration'] ?? 0) / 1000),
    [0, 50, 70],
  ],
])(
  '%s is that of the call, else of the task, else of the app',
  async (option, setting, given, read, expected) => {
    const [ofApp, ofTask, ofCall] = given;
    const app = appWith(setting === null ? {} : { [setting]: ofApp });
    const open = app.task('shop.open', () => null);
    const own = app.task('shop.own', { [option]: ofTask }, () => null);
    await open.applyAsync([], { queue: 'levels' });
    await own.applyAsync([], { queue: 'levels' });
    await own.applyAsync([], { queue: 'levels', [option]: ofCall });
    const sent: unknown[] = [];
    for (const _ of given) sent.push(read(JSON.parse(await reader.pop('levels'))));
    expect(sent).toEqual(expected);
    await app.close();
  },
);

describe('the priority of a call', () => {
  /** Priorities of the calls of a task that are sent while `act` runs in a task of priority 7. */
  async function prioritiesOf(
    name: string,
    settings: object,
    act: (app: Celery) => Promise<unknown>,
    count = 1,
  ): Promise<unknown[]> {
    const app = appWith({ task_default_queue: 'urgent', ...settings });
    const seen: unknown[] = [];
    app.on('before_task_publish', ({ sender, properties }) => {
      if (sender === name) seen.push(properties['priority']);
    });
    app.task('shop.known', () => null);
    app.task('shop.own', { priority: 4 }, () => null);
    app.task('shop.parent', () => act(app).then(() => null));
    const local = await new LocalWorker(app, { hostname: 'w1@test', pool: 'solo' }).start();
    const parent = await app.sendTask('shop.parent', [], { priority: 7 });
    await parent.get({ timeout: 10 });
    await waitUntil('all are sent', () => seen.length >= count);
    await local.stop();
    await app.close();
    return seen;
  }
  const inherits = { task_inherit_parent_priority: true };
  const routed = { task_routes: { 'shop.*': { priority: 3 } } };
  const usual = { task_default_priority: 2 };

  // As Celery 5.2 and 5.6 do.
  test.each([
    ['nothing', {}, 'shop.known', {}, 0],
    ['the parent', inherits, 'shop.known', {}, 7],
    ['the parent, by name', inherits, 'shop.elsewhere', {}, 7],
    ['its route', { ...inherits, ...routed }, 'shop.known', {}, 3],
    ['the default, before the parent', { ...inherits, ...usual }, 'shop.known', {}, 2],
    ['the default, before a route', { ...inherits, ...usual, ...routed }, 'shop.known', {}, 2],
    ['the parent, by name before the default', { ...inherits, ...usual }, 'shop.elsewhere', {}, 7],
    ['the task', { ...inherits, ...usual, ...routed }, 'shop.own', {}, 4],
    ['the call', { ...inherits, ...usual, ...routed }, 'shop.own', { priority: 1 }, 1],
  ])('is that of %s', async (_whose, settings, name, options, expected) => {
    const act = (app: Celery) => app.sendTask(name, [], { queue: 'unread', ...options });
    expect(await prioritiesOf(name, settings, act)).toEqual([expected]);
  });

  test('goes along a chain, from a step that sets its own on', async () => {
    const act = (app: Celery) => {
      const step = (options = {}) => app.signature('shop.known', [], options).set({ immutable: true });
      return chain(step(), step({ priority: 5 }), step()).delay();
    };
    expect(await prioritiesOf('shop.known', inherits, act, 3)).toEqual([7, 5, 5]);
  });
});

describe('a retry', () => {
  async function retried(options: object, call: object = {}): Promise<TaskRequest> {
    const app = appWith({ task_default_queue: 'first' });
    app.task('shop.again', { bind: true }, (self, _text: string) => self.retry({ countdown: 0, ...options }));
    const local = await new LocalWorker(app, { hostname: 'w1@test', pool: 'solo' }).start();
    const result = await app.sendTask('shop.again', ['secret'], { queue: 'first', ...call });
    await waitUntil('it was sent again', async () => (await result.status()) !== 'PENDING');
    await local.stop();
    const request = await takeFrom('second');
    expect(request).toMatchObject({ id: result.id, retries: 1 });
    await app.close();
    return request;
  }

  test('may go to another queue with other options', async () => {
    const request = await retried(
      { queue: 'second', priority: 0, timeLimit: 50, expires: 600, headers: { tenant: 'b' } },
      { softTimeLimit: 20, headers: { tenant: 'a', region: 'eu' } },
    );
    expect(request).toMatchObject({ timeLimit: 50, softTimeLimit: 20 });
    expect(request.customHeaders).toMatchObject({ tenant: 'b', region: 'eu' });
    expect((request.expires ?? 0) * 1000 - Date.now()).toBeGreaterThan(500_000);
  });

  test('goes on hiding its arguments, unless it has new ones', async () => {
    const hidden = { argsrepr: '(…)' };
    expect((await retried({ queue: 'second' }, hidden)).argsrepr).toBe('(…)');
    expect((await retried({ queue: 'second', args: ['other'] }, hidden)).argsrepr).toBe("('other',)");
  });

  test('with throw: false comes after an attempt that ends as it does', async () => {
    const app = appWith({ task_default_queue: 'beside' });
    app.task('shop.beside', { bind: true }, (self) => {
      if (self.request.retries > 0) return 'second';
      const retry = self.retry({ throw: false, countdown: 0.1, queue: 'later' });
      return `first, then ${retry.name}`;
    });
    const local = await new LocalWorker(app, { hostname: 'w1@test', pool: 'solo' }).start();
    const result = await app.sendTask('shop.beside');
    expect(await result.get({ timeout: 10 })).toBe('first, then Retry');
    expect(await takeFrom('later')).toMatchObject({ id: result.id, retries: 1 });
    await local.stop();
    await app.close();
  });

  test('with an option that there is not fails the task and says so', async () => {
    const app = appWith({ task_default_queue: 'third' });
    app.task('shop.wrong', { bind: true }, (self) => self.retry(Object({ countdwn: 1 })));
    const local = await new LocalWorker(app, { hostname: 'w1@test', pool: 'solo' }).start();
    const result = await app.sendTask('shop.wrong');
    await expect(result.get({ timeout: 10 })).rejects.toThrow(
      /"countdwn" is no option of retry\(\)\. Did you mean "countdown"/,
    );
    await local.stop();
    await app.close();
  });
});
