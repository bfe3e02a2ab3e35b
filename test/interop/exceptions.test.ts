import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AsyncResult,
  Celery,
  CeleryError,
  ChordError,
  Ignore,
  MaxRetriesExceededError,
  NotRegistered,
  RemoteError,
  SoftTimeLimitExceeded,
  TaskRevokedError,
  TimeLimitExceeded,
  TimeoutError,
  WorkerLostError,
} from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { type PythonUrls, python } from '../kit/python.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/* What a task throws on one side is what `get()` throws on the other. */

class QuotaError extends Error {}

/** Thrown by our tasks; class and module that Python's `get()` raises; text. */
const THROWN: readonly [error: unknown, type: string, module: string, text: string][] = [
  [new Error('plain'), 'Exception', 'builtins', 'plain'],
  [new TypeError('wrong type'), 'TypeError', 'builtins', 'wrong type'],
  [new RangeError('out of range'), 'ValueError', 'builtins', 'out of range'],
  [new SyntaxError('no JSON'), 'ValueError', 'builtins', 'no JSON'],
  [new ReferenceError('no such name'), 'NameError', 'builtins', 'no such name'],
  [new URIError('bad URI'), 'ValueError', 'builtins', 'bad URI'],
  [new AggregateError([], 'several'), 'Exception', 'builtins', 'several'],
  ['a text', 'Exception', 'builtins', 'a text'],
  [new QuotaError('of a user'), 'QuotaError', '', 'of a user'],
  [new TimeLimitExceeded(3), 'TimeLimitExceeded', 'billiard.exceptions', 'TimeLimitExceeded(3,)'],
  [new SoftTimeLimitExceeded(), 'SoftTimeLimitExceeded', 'billiard.exceptions', 'SoftTimeLimitExceeded()'],
  [new WorkerLostError('gone'), 'WorkerLostError', 'billiard.exceptions', 'gone'],
  [new MaxRetriesExceededError('often'), 'MaxRetriesExceededError', 'celery.exceptions', 'often'],
  [new NotRegistered('no.such'), 'NotRegistered', 'celery.exceptions', "'no.such'"],
  [new TaskRevokedError('terminated'), 'TaskRevokedError', 'celery.exceptions', 'terminated'],
  [new ChordError('Dependency x'), 'ChordError', 'celery.exceptions', 'Dependency x'],
  [new TimeoutError('late'), 'TimeoutError', 'celery.exceptions', 'late'],
];

/** Raised by Python; what our `get()` throws. */
const RAISED: readonly [
  source: string,
  type: abstract new (...args: never[]) => Error,
  name: string,
  message: string,
][] = [
  ["ValueError('bad')", RemoteError, 'ValueError', 'bad'],
  ["KeyError('key')", RemoteError, 'KeyError', 'key'],
  ['ZeroDivisionError()', RemoteError, 'ZeroDivisionError', ''],
  ["OSError(2, 'No such file')", RemoteError, 'FileNotFoundError', '2, No such file'],
  ["json.JSONDecodeError('no', 'doc', 0)", RemoteError, 'JSONDecodeError', 'no: line 1 column 1 (char 0)'],
  ["tasks_py.Quota('of a user')", RemoteError, 'Quota', 'of a user'],
  ["celery.exceptions.ChordError('why')", ChordError, 'ChordError', 'why'],
  [
    "celery.exceptions.MaxRetriesExceededError('often')",
    MaxRetriesExceededError,
    'MaxRetriesExceededError',
    'often',
  ],
  ["celery.exceptions.Ignore('so')", Ignore, 'Ignore', 'so'],
  ['celery.exceptions.TimeLimitExceeded(3)', TimeLimitExceeded, 'TimeLimitExceeded', '3'],
  ["celery.exceptions.WorkerLostError('gone')", WorkerLostError, 'WorkerLostError', 'gone'],
  ["celery.exceptions.NotRegistered('no.such')", NotRegistered, 'NotRegistered', 'no.such'],
];

let redis: RedisServer;
let urls: PythonUrls;
let app: Celery;
let worker: LocalWorker;

beforeAll(async () => {
  redis = await startRedis();
  urls = { broker: redis.url(0), backend: redis.url(1) };
  app = new Celery('client', { broker: urls.broker, backend: urls.backend }, silentLogger);
  app.task('ts.throw', (index: number) => {
    throw THROWN[index]?.[0];
  });
  worker = await new LocalWorker(app, { hostname: 'ts@exceptions', queues: ['ts'] }).start();
});

afterAll(async () => {
  await worker.stop();
  await app.close();
  await redis.stop();
});

describe('an exception', () => {
  test('of ours is raised in Python under its own class', async () => {
    const source = `
def outcome(index):
    result = app.send_task("ts.throw", (index,), queue="ts")
    try: return [str(result.get(timeout=10)), "", ""]
    except Exception as exc: return [type(exc).__name__, type(exc).__module__, str(exc)]
[outcome(index) for index in range(${THROWN.length})]`;
    const seen = await python(urls, source);
    expect(seen).toEqual(
      THROWN.map(([, type, module, text]) => [type, module === '' ? expect.any(String) : module, text]),
    );
  });

  test("of Python's is thrown here with its class, message and traceback", async () => {
    const source = `
import celery.exceptions
def keep(index, make):
    try: raise make()
    except Exception as exc:
        import traceback
        app.backend.mark_as_failure("raised-%d" % index, exc, traceback=traceback.format_exc())
[keep(index, make) for index, make in enumerate([${RAISED.map(([made]) => `lambda: ${made}`).join(', ')}])]`;
    await python(urls, source);
    for (const [index, [, type, name, message]] of RAISED.entries()) {
      const error: unknown = await new AsyncResult(app, `raised-${index}`).get({ timeout: 5 }).catch(toSelf);
      expect(error).toBeInstanceOf(type);
      expect(error).toBeInstanceOf(CeleryError);
      expect(error).toMatchObject({ name, message });
      expect(error instanceof Error && error.stack).toMatch(/Traceback \(most recent call last\):/);
    }
  });
});

function toSelf(error: unknown): unknown {
  return error;
}
