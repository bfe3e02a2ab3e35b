import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WireMessage } from '../../lib/protocol/wire.ts';
import { openTransport } from '../../lib/transport/open.ts';
import type { ConsumerOptions, Delivery, Transport } from '../../lib/transport/transport.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { BROKERS, type TestBroker } from '../kit/brokers.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { idOf, ids, taskMessage } from '../kit/messages.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* What every transport does. The layout that Redis has in common with kombu is in transport-redis.test.ts. */

describe.each(BROKERS)('transport on $name', ({ start }) => {
  let broker: TestBroker;
  let transport: Transport;
  let other: Transport;
  const opened: Transport[] = [];

  const open = async (url = broker.url()): Promise<Transport> => {
    const made = openTransport(url, { logger: silentLogger });
    await made.start();
    opened.push(made);
    return made;
  };
  const send = (queue: string, id: string): Promise<void> =>
    transport.publish({ exchange: '', routingKey: queue, queue: { name: queue } }, taskMessage(id));
  const sendAll = (queue: string, names: readonly string[]): Promise<unknown> =>
    Promise.all(names.map((id) => send(queue, id)));
  const messagesIn = async (queue: string): Promise<number | undefined> =>
    (await other.sampleQueues([queue]))[0]?.messages;

  beforeAll(async () => {
    broker = await start();
  }, 120_000);
  afterAll(() => broker.stop());
  beforeEach(async () => {
    await broker.reset();
    transport = await open();
    other = await open();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.stop()));
  });

  /** A consumer that keeps what it gets. */
  const consume = async (
    options: Partial<ConsumerOptions> & { on?: Transport } = {},
  ): Promise<{ consumer: ReturnType<Transport['createConsumer']>; got: Delivery[] }> => {
    const got: Delivery[] = [];
    const { on = transport, ...rest } = options;
    const consumer = on.createConsumer({
      queues: [{ name: 'celery' }],
      prefetch: 0,
      onDeliveries: (deliveries) => got.push(...deliveries),
      ...rest,
    });
    await consumer.start();
    return { consumer, got };
  };

  test('delivers in the order of publishing and forgets what is acked', async () => {
    await sendAll('celery', ids(300));
    const { consumer, got } = await consume();
    await waitUntil('all have come', () => got.length === 300);
    expect(got.map(idOf)).toEqual(ids(300));
    expect(got[7]?.message.properties.delivery_info).toMatchObject({ exchange: '', routing_key: 'celery' });
    for (const { tag } of got) consumer.ack(tag);
    await consumer.flush();
    await consumer.stop();
    expect(await messagesIn('celery')).toBe(0);
  });

  test('keeps a message as it was sent', async () => {
    const sent: WireMessage = {
      ...taskMessage('id-ü', { args: ['ü', 2 ** 40, -1, 300, null, [1.5, true]] }),
      properties: {
        correlation_id: 'id-ü',
        reply_to: 'somebody',
        delivery_mode: 2,
        priority: 3,
        expiration: '60000',
      },
    };
    const headers = {
      ...sent.headers,
      clock: 300,
      small: -1,
      large: 2 ** 40,
      part: 0.5,
      yes: true,
      none: null,
      list: [1, [2], { three: 3 }],
    };
    await transport.publish(
      { exchange: '', routingKey: 'celery', queue: { name: 'celery' } },
      { ...sent, headers },
    );
    const { got } = await consume();
    await waitUntil('it has come', () => got.length === 1);
    const message = got[0]?.message;
    expect({ ...message?.headers }).toEqual(headers);
    expect(message?.properties).toMatchObject(sent.properties);
    expect(message?.body).toBe(sent.body);
    expect(message?.contentType).toBe('application/json');
  });

  test('carries bytes that are no text', async () => {
    const body = Uint8Array.from({ length: 1000 }, (_, index) => index % 256);
    const message = {
      ...taskMessage('bytes'),
      contentType: 'application/x-msgpack',
      contentEncoding: 'binary',
      body,
    };
    await transport.publish({ exchange: '', routingKey: 'celery', queue: { name: 'celery' } }, message);
    const { got } = await consume();
    await waitUntil('it has come', () => got.length === 1);
    expect(got[0]?.message.body).toEqual(body);
  });

  test('a full queue does not starve another', async () => {
    await sendAll('celery', ids(200, 'a'));
    await sendAll('mail', ids(20, 'b'));
    const { consumer, got } = await consume({ queues: [{ name: 'celery' }, { name: 'mail' }], prefetch: 1 });
    for (let index = 0; index < 60; index += 1) {
      await waitUntil('one more', () => got.length > index);
      consumer.ack(got[index]?.tag ?? '');
    }
    expect(got.filter(({ queue }) => queue === 'mail').length).toBeGreaterThanOrEqual(10);
  });

  test('holds no more than prefetch, held-back ones aside', async () => {
    await sendAll('celery', ids(40));
    const { consumer, got } = await consume({ prefetch: 4 });
    /** At least so many have come, and not more; up to `loose` where the broker grants anew what it cannot change. */
    const count = async (exact: number, loose: number): Promise<void> => {
      await waitUntil(`${exact} have come`, () => got.length >= exact);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(got.length).toBeLessThanOrEqual(broker.isPrefetchExact ? exact : loose);
    };
    await count(4, 4);
    for (const { tag } of got.slice(0, 2)) consumer.hold(tag);
    await count(6, 8);
    consumer.setPrefetch(6);
    await count(8, 14);
    for (const { tag } of got.slice(2, 8)) consumer.ack(tag);
    await count(14, 20);
  });

  test('gives unstarted messages back to the front in the old order, flagged as redelivered', async () => {
    await sendAll('celery', ids(6));
    const { consumer, got } = await consume({ prefetch: 4 });
    await waitUntil('four have come', () => got.length === 4);
    await consumer.pause();
    for (const index of [0, 1, 2, 3]) consumer.release(got[index]?.tag ?? '');
    await consumer.flush();
    const again = await consume({ on: other });
    await waitUntil('all have come again', () => again.got.length === 6);
    expect(again.got.map(idOf)).toEqual(ids(6));
    expect(again.got.map(({ message }) => message.properties.delivery_info?.redelivered ?? false)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test('counts how often a message went back after its task ran, and puts it behind the others', async () => {
    await sendAll('celery', ids(3));
    const { consumer, got } = await consume({ prefetch: 1 });
    for (let round = 0; round < 6; round += 1) {
      await waitUntil('one more', () => got.length === round + 1);
      consumer.reject(got[round]?.tag ?? '', { requeue: true });
    }
    await waitUntil('the seventh', () => got.length === 7);
    expect(got.map(idOf)).toEqual(['id0', 'id1', 'id2', 'id0', 'id1', 'id2', 'id0']);
    expect(got[6]?.message.headers).toMatchObject({ redelivered: true, 'x-delivery-count': 2 });
  });

  test('a rejected message is gone', async () => {
    await sendAll('celery', ids(2));
    const { consumer, got } = await consume();
    await waitUntil('both have come', () => got.length === 2);
    for (const { tag } of got) consumer.reject(tag, { requeue: false });
    await consumer.flush();
    await consumer.stop();
    expect(await messagesIn('celery')).toBe(0);
  });

  test('held messages can be read again, and released', async () => {
    await sendAll('celery', ids(3));
    const { consumer, got } = await consume();
    await waitUntil('all have come', () => got.length === 3);
    const tags = got.map(({ tag }) => tag);
    const numbers = tags.map((tag) => consumer.hold(tag));
    expect(numbers.map((number) => consumer.tagOf(number))).toEqual(tags);
    const recalled = await consumer.recall([...tags, 'nobody’s']);
    expect(recalled.map((delivery) => delivery && idOf(delivery))).toEqual([...ids(3), null]);
    expect(await consumer.owns(tags[0] ?? '')).toBe(true);
    expect(await consumer.owns('nobody’s')).toBe(false);
    await consumer.pause();
    for (const tag of tags) consumer.release(tag);
    await consumer.flush();
    const again = await consume({ on: other });
    await waitUntil('all have come again', () => again.got.length === 3);
    expect(again.got.map(idOf)).toEqual(ids(3));
  });

  test('sets a message aside with its reason', async () => {
    await send('celery', 'odd');
    const { consumer, got } = await consume();
    await waitUntil('it has come', () => got.length === 1);
    consumer.park(got[0]?.tag ?? '', 'no task of that name');
    await consumer.flush();
    await consumer.stop();
    expect(await messagesIn('celery')).toBe(0);
    expect(await messagesIn('umbel.parked')).toBe(1);
  });

  test('a waiting consumer gets a message of any queue at once', async () => {
    const { consumer, got } = await consume({ queues: [{ name: 'celery' }, { name: 'mail' }] });
    for (const [index, queue] of ['celery', 'mail', 'mail', 'celery'].entries()) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      await send(queue, `w${index}`);
      await waitUntil('it has come', () => got.length === index + 1, 500);
      consumer.ack(got[index]?.tag ?? '');
    }
    expect(got.map(({ queue }) => queue)).toEqual(['celery', 'mail', 'mail', 'celery']);
  });

  test('adds and cancels queues while it waits', async () => {
    const { consumer, got } = await consume();
    consumer.addQueue({ name: 'late' });
    await send('late', 'one');
    await waitUntil('the new queue is served', () => got.length === 1);
    consumer.cancelQueue('celery');
    await send('late', 'two');
    await waitUntil('the other is served still', () => got.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await send('celery', 'stays');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(got.map(idOf)).toEqual(['one', 'two']);
    expect(await messagesIn('celery')).toBe(1);
  });

  test('stopping while messages come loses nothing', async () => {
    await sendAll('celery', ids(100));
    for (let round = 0; round < 20; round += 1) {
      const { consumer } = await consume({ prefetch: 7, on: round % 2 ? transport : other });
      if (round % 3) await new Promise((resolve) => setImmediate(resolve));
      await consumer.stop();
    }
    const { got } = await consume();
    await waitUntil('all are there', () => got.length === 100);
    expect(got.map(idOf)).toEqual(ids(100));
  });

  test('takes from direct and topic exchanges what is routed to it', async () => {
    const { got } = await consume({
      queues: [
        { name: 'fresh', exchange: 'orders', exchangeType: 'topic', routingKey: 'new' },
        { name: 'topical', exchange: 'orders', exchangeType: 'topic', routingKey: 'a.*.b.#' },
      ],
    });
    await other.publish({ exchange: 'orders', routingKey: 'new' }, taskMessage('exact'));
    await other.publish({ exchange: 'orders', routingKey: 'a.x.b.c.d' }, taskMessage('pattern'));
    await expect(
      other.publish({ exchange: 'orders', routingKey: 'other' }, taskMessage('lost')),
    ).rejects.toThrow(/No queue is bound to exchange "orders" with routing key "other"/);
    await waitUntil('both have come', () => got.length === 2);
    expect(got.map((delivery) => `${delivery.queue} ${idOf(delivery)}`).sort()).toEqual([
      'fresh exact',
      'topical pattern',
    ]);
  });

  test('broadcasts to whoever listens, by routing key', async () => {
    const all: string[] = [];
    const some: string[] = [];
    const note = (list: string[]) => (message: WireMessage, routingKey: string) =>
      void list.push(`${routingKey} ${String(message.headers['id'])}`);
    const subscription = await other.subscribe('celeryev', '#', note(all));
    await other.subscribe('celeryev', 'worker.#', note(some));
    await transport.broadcast('celeryev', 'worker.online', taskMessage('1'));
    await transport.broadcast('celeryev', 'task.multi', taskMessage('2'));
    await transport.broadcast('celeryev', '', taskMessage('3'));
    await waitUntil('all have come', () => all.length === 3);
    expect(all).toEqual(['worker.online 1', 'task.multi 2', ' 3']);
    expect(some).toEqual(['worker.online 1']);
    await subscription.close();
    await transport.broadcast('celeryev', 'worker.online', taskMessage('4'));
    await waitUntil('the other subscription lives', () => some.length === 2);
    expect(all).toHaveLength(3);
  });

  test('each mailbox gets a control request, and its answer finds the asker', async () => {
    const got: string[] = [];
    for (const [on, name] of [
      [transport, 'w1'],
      [other, 'w2'],
    ] as const) {
      await on.subscribe(
        'celery.pidbox',
        '#',
        (message) => got.push(`${name} ${String(message.headers['id'])}`),
        { queue: `${name}@host.celery.pidbox` },
      );
    }
    const answers: string[] = [];
    const queue = await transport.openReplyQueue('reply.celery.pidbox', (message) =>
      answers.push(String(message.headers['id'])),
    );
    await transport.broadcast('celery.pidbox', '', taskMessage('ask'));
    await waitUntil('both are asked', () => got.length === 2);
    expect(got.sort()).toEqual(['w1 ask', 'w2 ask']);
    const { exchange, routingKey } = queue;
    await other.publish({ exchange, routingKey, isReply: true }, taskMessage('answer'));
    await waitUntil('the answer has come', () => answers.length === 1);
    await queue.close();
  });

  test('a fanout queue gets what is broadcast', async () => {
    const queue = { name: 'bcast.1', exchange: 'bc', exchangeType: 'fanout', routingKey: 'celery' } as const;
    const { consumer, got } = await consume({ queues: [{ name: 'celery' }, queue] });
    await other.broadcast('bc', 'celery', taskMessage('sent'));
    await waitUntil('the broadcast has come', () => got.length === 1);
    expect(got.map((delivery) => [delivery.queue, idOf(delivery)])).toEqual([['bcast.1', 'sent']]);
    for (const { tag } of got) consumer.ack(tag);
    await consumer.stop();
  });

  test('names, measures and purges queues', async () => {
    await sendAll('celery', ids(3));
    await send('mail', 'm');
    expect(await transport.listQueues()).toEqual(['celery', 'mail']);
    const samples = await transport.sampleQueues(['celery', 'mail', 'none']);
    expect(samples.map(({ name, messages }) => [name, messages])).toEqual([
      ['celery', 3],
      ['mail', 1],
      ['none', 0],
    ]);
    expect(await transport.purge('celery')).toBe(3);
    expect(await transport.purge('celery')).toBe(0);
    expect(await transport.purge('none')).toBe(0);
  });

  test('has sent what was published when it stops, though nobody waited for it', async () => {
    const hasty = await open();
    for (const id of ids(5)) {
      hasty
        .publish({ exchange: '', routingKey: 'celery', queue: { name: 'celery' } }, taskMessage(id))
        .catch(() => {});
    }
    await hasty.stop();
    expect(await messagesIn('celery')).toBe(5);
  });

  test('goes on after a reset: nothing sent or taken is lost', async () => {
    const proxy = new FaultProxy(broker.port);
    await proxy.start();
    const shaken = await open(broker.url(proxy.port));
    const seen = new Set<string>();
    const states: string[] = [];
    let held = 0;
    let consumer: ReturnType<Transport['createConsumer']> | null = null;
    const made = await consume({
      on: shaken,
      prefetch: 5,
      onConnection: (state) => states.push(state),
      onDeliveries: (deliveries) => {
        for (const delivery of deliveries) {
          seen.add(idOf(delivery));
          held += 1;
          setTimeout(() => {
            consumer?.ack(delivery.tag);
            held -= 1;
          }, 1);
        }
      },
    });
    consumer = made.consumer;
    const destination = { exchange: '', routingKey: 'celery', queue: { name: 'celery' } };
    const sending = ids(300).map(async (id, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 3));
      await shaken.publish(destination, taskMessage(id));
    });
    for (let reset = 0; reset < 4; reset += 1) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      proxy.reset();
    }
    await Promise.all(sending);
    await waitUntil('all have come and are acked', () => seen.size === 300 && held === 0, 15_000);
    await waitUntil('it is connected', () => states.at(-1) === 'restored');
    await consumer.flush();
    await shaken.stop();
    await proxy.stop();
    expect(await messagesIn('celery')).toBe(0);
    expect(states.length).toBeGreaterThanOrEqual(2);
  });
});
