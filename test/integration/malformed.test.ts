import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { encodeEnvelope } from '../../lib/protocol/envelope.ts';
import { encodeTaskMessage } from '../../lib/protocol/task-message.ts';
import { MALFORMED } from '../kit/malformed.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* 1,000 entries that are no tasks among 1,000 that are: the ones are done, the others set aside with a reason. */

const COUNT = 1000;

describe.each(SERVERS)('on $name', ({ start }) => {
  let server: TestServer;
  let worker: TestProcess;
  let app: Celery;
  let client: Redis;

  beforeAll(async () => {
    server = await start();
    client = new Redis(server.url(0), { lazyConnect: true });
    await client.connect();
    app = new Celery('client', { broker: server.url(0), backend: server.url(1) });
    await app.transport();
  }, 60_000);

  afterAll(async () => {
    await app.close();
    client.disconnect();
    await worker.stop();
    await server.stop();
  }, 60_000);

  test('every good one is done, every other set aside, and no process was replaced', async () => {
    const kinds = Object.entries(MALFORMED);
    expect(kinds.length).toBeGreaterThanOrEqual(40);
    const good = Array.from({ length: COUNT }, (_, index) => `good-${index}`);
    const destination = { exchange: '', routingKey: 'celery' };
    for (const [index, id] of good.entries()) {
      const message = encodeTaskMessage({
        task: 'w.add',
        id,
        args: [index, 1],
        kwargs: {},
        origin: 'gen1@test',
        replyTo: '00000000-0000-4000-8000-000000000000',
      });
      const [, bad = ''] = kinds[index % kinds.length] ?? [];
      await client.lpush(
        'celery',
        encodeEnvelope(message, destination, `tag-${id}`),
        Buffer.from(bad, 'latin1'),
      );
    }
    worker = umbel(
      ['-A', 'test/integration/worker-app.ts', 'worker', '-l', 'info', '-c', '2', '-n', 'w1@test'],
      { env: { CELERY_BROKER_URL: server.url(0), CELERY_RESULT_BACKEND: server.url(1) } },
    );
    await waitUntil(
      'all are settled',
      async () => {
        const [waiting, parked] = [await client.llen('celery'), await client.llen('umbel.parked')];
        return waiting === 0 && parked === COUNT && (await client.hlen('unacked')) === 0;
      },
      60_000,
    );
    const results = await Promise.all(good.map((id) => app.AsyncResult(id).get({ timeout: 20 })));
    expect(results).toEqual(good.map((_, index) => index + 1));
    const parked = (await client.lrange('umbel.parked', 0, -1)).map((text) => JSON.parse(text));
    for (const entry of parked) expect(entry).toMatchObject({ reason: expect.stringMatching(/\w{3}/) });
    expect(worker.hasEnded).toBe(false);
    expect(worker.output).not.toMatch(/exited prematurely|CRITICAL|Maximum call stack/);
  }, 120_000);
});
