import { afterAll, beforeAll, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { startRabbitmqBroker } from '../kit/brokers.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { python, pythonWorker } from '../kit/python.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* RabbitMQ refuses a declaration that differs from the first one: both sides must declare the same. */

let broker: Awaited<ReturnType<typeof startRabbitmqBroker>>;

beforeAll(async () => {
  broker = await startRabbitmqBroker();
}, 120_000);
afterAll(() => broker.stop());

async function withWorker(settings: object, act: (ran: string[]) => Promise<void>): Promise<void> {
  const app = new Celery('queues', { broker: broker.url(), ...settings }, silentLogger);
  const ran: string[] = [];
  app.task('queues.note', { ignoreResult: true }, (text: string) => void ran.push(text));
  const local = await new LocalWorker(app, { hostname: 'w1@test', pool: 'solo' }).start();
  try {
    await act(ran);
  } finally {
    await local.stop();
    await app.close();
  }
}

const urls = () => ({ broker: broker.url(), backend: 'cache+memory://' });

test("Python reaches a worker by its name, through Celery's worker_direct()", async () => {
  await withWorker({ worker_direct: true }, async (ran) => {
    await python(
      urls(),
      `from celery.utils.nodenames import worker_direct
app.send_task("queues.note", ("direct",), queue=worker_direct("w1@test"), ignore_result=True)
True`,
    );
    await waitUntil('it ran', () => ran.length === 1, 10_000);
    expect(ran).toEqual(['direct']);
  });
});

test('a Python worker is reached by its name, and its neighbour gets nothing', async () => {
  const direct = { ...urls(), backend: 'rpc://', conf: { worker_direct: true } };
  const [one, two] = await Promise.all([
    pythonWorker(direct, ['-P', 'solo', '-n', 'one@test']),
    pythonWorker(direct, ['-P', 'solo', '-n', 'two@test']),
  ]);
  const app = new Celery('sender', { broker: broker.url(), backend: 'rpc://' }, silentLogger);
  for (let sent = 0; sent < 4; sent += 1) {
    const result = await app.sendTask('py.add', [sent, 1], { exchange: 'C.dq2', routingKey: 'two@test' });
    expect(await result.get({ timeout: 10 })).toBe(sent + 1);
  }
  await app.close();
  await Promise.all([one.stop(), two.stop()]);
  expect(two.output.match(/py\.add\[\S+ received/g)).toHaveLength(4);
  expect(one.output).not.toContain('received');
}, 60_000);

test('a queue with the fields of kombu is the same queue on both sides', async () => {
  const fields = {
    max_priority: 5,
    message_ttl: 60,
    expires: 600,
    max_length: 1000,
    max_length_bytes: 100_000,
  };
  const pythonFields = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  const queue = {
    name: 'limited',
    exchange: 'limits',
    exchange_type: 'direct',
    routing_key: 'low',
    ...fields,
  };
  await withWorker({ task_queues: [queue] }, async (ran) => {
    await python(
      urls(),
      `from kombu import Exchange, Queue
app.conf.task_queues = [Queue("limited", Exchange("limits"), "low", ${pythonFields.join(', ')})]
app.send_task("queues.note", ("from Python",), queue="limited", priority=4, ignore_result=True)
True`,
    );
    await waitUntil('it ran', () => ran.length === 1, 10_000);
    expect(ran).toEqual(['from Python']);
  });
});

test('more bindings lead to a queue, and the consumer with the higher priority gets its messages', async () => {
  const bindings = [{ exchange: 'extra', exchangeType: 'topic', routingKey: 'news.#' }];
  const low = { task_queues: [{ name: 'wide', bindings }] };
  const high = { task_queues: [{ name: 'wide', bindings, consumer_arguments: { 'x-priority': 7 } }] };
  await withWorker(low, (ranLow) =>
    withWorker(high, async (ranHigh) => {
      const app = new Celery('sender', { broker: broker.url() }, silentLogger);
      for (const text of ['1', '2', '3', '4']) {
        await app.sendTask('queues.note', [text], { exchange: 'extra', routingKey: 'news.today' });
        await waitUntil('it ran', () => ranLow.length + ranHigh.length === Number(text), 10_000);
      }
      await app.close();
      expect(ranHigh).toEqual(['1', '2', '3', '4']);
    }),
  );
});
