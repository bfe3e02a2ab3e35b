import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Queue, Transport } from '../../lib/transport/transport.ts';
import { startRabbitmqBroker } from '../kit/brokers.ts';
import { idOf, taskMessage } from '../kit/messages.ts';
import { declaredIn } from '../kit/rabbitmq-topology.ts';
import { consume, Transports } from '../kit/transports.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { golden } from '../wire/golden.ts';

/* Native delayed delivery: the same queues, bindings and routing keys as Celery's, so that either side may come first. */

const ORDERS: Queue = {
  name: 'orders',
  exchange: 'orders',
  exchangeType: 'topic',
  arguments: { 'x-queue-type': 'quorum' },
};
const recorded = golden<{ topology: string[]; routing_keys: Record<string, string> }>('delayed-delivery');

describe('delayed delivery', () => {
  let broker: Awaited<ReturnType<typeof startRabbitmqBroker>>;
  const transports = new Transports();

  beforeAll(async () => {
    broker = await startRabbitmqBroker();
  }, 120_000);
  afterAll(() => broker.stop());
  beforeEach(() => broker.reset());
  afterEach(() => transports.stop());

  const publishLater = (transport: Transport, seconds: number): Promise<void> => {
    const message = taskMessage('later');
    const eta = new Date(Date.now() + seconds * 1000).toISOString();
    const destination = { exchange: 'orders', routingKey: 'orders', queue: ORDERS };
    return transport.publish(destination, { ...message, headers: { ...message.headers, eta } });
  };
  const declared = async (): Promise<string[]> =>
    (await declaredIn(broker.vhost)).filter((line) => /celery_delayed|orders/.test(line));

  test.each(['quorum', 'classic'] as const)(
    'a worker declares what a worker of Celery does, in %s queues, and gets a message in time',
    async (type) => {
      const transport = await transports.open(broker.url(), { delayedQueueType: type });
      const { got } = await consume(transport, [ORDERS]);
      // Classic queues do not know the strategy.
      const asClassic = (line: string): string =>
        line
          .replace(',"x-dead-letter-strategy":"at-least-once"', '')
          .replace(/^(queue celery_delayed_.*)"quorum"/, '$1"classic"');
      const { topology } = recorded;
      expect(await declared()).toEqual(type === 'quorum' ? topology : topology.map(asClassic));
      const sentAt = Date.now();
      await publishLater(transport, 2.5);
      await waitUntil('it has come', () => got.length === 1, 10_000);
      expect(Date.now() - sentAt).toBeGreaterThan(1_500);
      expect(got[0]?.message.headers['eta']).toEqual(expect.any(String));
    },
    30_000,
  );

  test('what Celery lets wait for a classic queue beside a quorum queue arrives', async () => {
    const transport = await transports.open(broker.url());
    const { got } = await consume(transport, [
      ORDERS,
      { name: 'plain', exchange: 'plain', exchangeType: 'topic' },
    ]);
    const routingKey = recorded.routing_keys['1']?.replace('orders', 'plain') ?? '';
    await transport.publish({ exchange: 'celery_delayed_27', routingKey }, taskMessage('waited'));
    await waitUntil('it has come', () => got.length === 1, 10_000);
    expect(got.map(idOf)).toEqual(['waited']);
  }, 30_000);

  test('queues of the other type, made by others, are refused with the setting to change', async () => {
    await consume(await transports.open(broker.url(), { delayedQueueType: 'classic' }), [ORDERS]);
    await expect(consume(await transports.open(broker.url()), [ORDERS])).rejects.toThrow(
      /'x-queue-type' for queue 'celery_delayed_27'.* Say in broker_native_delayed_delivery_queue_type/,
    );
  }, 30_000);

  test('a sender that comes before any worker declares the same', async () => {
    await publishLater(await transports.open(broker.url()), 60);
    expect(await declared()).toEqual(recorded.topology);
  }, 30_000);

  test('a countdown takes the way that Celery gives it', async () => {
    const { request, name } = broker.vhost;
    const transport = await transports.open(broker.url());
    await publishLater(transport, 60);
    await request('PUT', `queues/${name}/copies`, { durable: true });
    await request('POST', `bindings/${name}/e/celery_delayed_27/q/copies`, { routing_key: '#' });
    const expected = Object.values(recorded.routing_keys);
    // What is less than a second the worker waits out.
    for (const seconds of Object.keys(recorded.routing_keys))
      await publishLater(transport, Number(seconds) + 0.9);
    const copies = await request('POST', `queues/${name}/copies/get`, {
      count: expected.length + 1,
      ackmode: 'ack_requeue_false',
      encoding: 'auto',
    });
    expect(copies).toMatchObject(expected.map((key) => ({ routing_key: key })));
  }, 30_000);
});
