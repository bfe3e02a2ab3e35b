import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EventReceiver } from '../../lib/events/receiver.ts';
import { Celery } from '../../lib/index.ts';
import type { CeleryEvent } from '../../lib/protocol/event.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { Worker } from '../../lib/worker/worker.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* Settings of routing that only show with a broker. */

describe.each(SERVERS)('on $name', ({ start }) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await start();
  });

  afterAll(() => server.stop());

  function makeApp(settings: Readonly<Record<string, unknown>>): { app: Celery; ran: string[] } {
    const app = new Celery(
      'routing',
      { broker: server.url(0), backend: server.url(1), ...settings },
      silentLogger,
    );
    const ran: string[] = [];
    app.task('routing.note', (text: string) => void ran.push(text));
    return { app, ran };
  }

  async function withWorker(
    app: Celery,
    act: () => Promise<void>,
    options: { queues?: string[] } = {},
  ): Promise<void> {
    const worker = new Worker(app, {
      logger: silentLogger,
      pool: 'solo',
      hostname: 'w1@test',
      taskEvents: true,
      ...options,
    });
    await worker.start();
    try {
      await act();
    } finally {
      await worker.stop();
      await app.close();
    }
  }

  test.each([
    ['sorted', ['a', 'a', 'b', 'b']],
    ['priority', ['b', 'b', 'a', 'a']],
  ])('queue_order_strategy %s empties one queue before the next', async (order, expected) => {
    const names = { a: `a-${order}`, b: `b-${order}` };
    const { app, ran } = makeApp({
      broker_transport_options: { queue_order_strategy: order },
      worker_prefetch_multiplier: 1,
    });
    for (const name of ['a', 'b', 'a', 'b'] as const) {
      await app.sendTask('routing.note', [name], { queue: names[name] });
    }
    const queues = [names.b, names.a];
    await withWorker(app, () => waitUntil('all ran', () => ran.length === 4, 10_000), { queues });
    expect(ran).toEqual(expected);
  });

  test('an order that is none is refused', async () => {
    const { app } = makeApp({ broker_transport_options: { queue_order_strategy: 'random' } });
    await expect(app.sendTask('routing.note', ['x'])).rejects.toThrow(
      /There are: round_robin, sorted, priority/,
    );
  });

  test('a message that no binding takes is refused, or goes to the dead-letter queue', async () => {
    const options = { exchange: 'nowhere', routingKey: 'none' };
    const { app: strict } = makeApp({});
    await expect(strict.sendTask('routing.note', ['x'], options)).rejects.toThrow(/No queue is bound/);
    const { app } = makeApp({ broker_transport_options: { deadletter_queue: 'dead' } });
    await app.sendTask('routing.note', ['x'], options);
    const transport = await app.transport();
    expect(await transport.sampleQueues(['dead'])).toMatchObject([{ messages: 1 }]);
    await strict.close();
    await app.close();
  });

  test('with worker_direct a worker is reached by its name', async () => {
    const { app, ran } = makeApp({ worker_direct: true });
    await withWorker(app, async () => {
      await app.sendTask('routing.note', ['direct'], { exchange: 'C.dq2', routingKey: 'w1@test' });
      await waitUntil('it ran', () => ran.length === 1, 10_000);
    });
    expect(ran).toEqual(['direct']);
  });

  test('a topic takes what its pattern matches', async () => {
    const { app, ran } = makeApp({
      task_queues: [{ name: 'topics', exchange: 'tex', exchangeType: 'topic', routingKey: 'news.#' }],
      task_default_queue: 'topics',
      task_routes: { 'routing.note': { exchange: 'tex', exchange_type: 'topic', routing_key: 'news.today' } },
    });
    await withWorker(app, async () => {
      await app.sendTask('routing.note', ['by route']);
      const other = app.sendTask('routing.note', ['other'], { exchange: 'tex', routingKey: 'weather' });
      await expect(other).rejects.toThrow(/No queue is bound/);
      await waitUntil('it ran', () => ran.length === 1, 10_000);
    });
    expect(ran).toEqual(['by route']);
  });

  test('events can be written in another serializer', async () => {
    const { app } = makeApp({ event_serializer: 'msgpack' });
    const events: CeleryEvent[] = [];
    await withWorker(app, async () => {
      const transport = await app.transport();
      const receiver = new EventReceiver({ transport, onEvents: (some) => events.push(...some) });
      await receiver.start();
      const { id } = await app.sendTask('routing.note', ['x']);
      const isDone = ({ type, uuid }: CeleryEvent): boolean => type === 'task-succeeded' && uuid === id;
      await waitUntil('it is told', () => events.some(isDone), 10_000);
      await receiver.stop();
    });
    expect(events.map(({ type }) => type)).toContain('task-received');
  });
});
