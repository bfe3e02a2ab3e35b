import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import type { Queue, Transport } from '../../lib/transport/transport.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { startRabbitmqBroker } from '../kit/brokers.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { idOf, ids, taskMessage } from '../kit/messages.ts';
import { consume, send, Transports } from '../kit/transports.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* What goes wrong on RabbitMQ between two good states: refusals, changes during a reconnect, queues that vanish. */

const CELERY: Queue = { name: 'celery' };
const QUORUM: Queue = {
  name: 'qq',
  exchange: 'qq',
  exchangeType: 'topic',
  arguments: { 'x-queue-type': 'quorum' },
};

describe('RabbitMQ at the edges', () => {
  let broker: Awaited<ReturnType<typeof startRabbitmqBroker>>;
  let proxy: FaultProxy;
  const transports = new Transports();
  /** Over the proxy. */
  const openShaken = (options = {}): Promise<Transport> => transports.open(broker.url(proxy.port), options);
  const open = (): Promise<Transport> => transports.open(broker.url());
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  beforeAll(async () => {
    broker = await startRabbitmqBroker();
    proxy = new FaultProxy(broker.port);
    await proxy.start();
  }, 120_000);
  afterAll(async () => {
    await proxy.stop();
    await broker.stop();
  });
  beforeEach(() => broker.reset());
  afterEach(async () => {
    proxy.set({ kind: 'none' });
    await transports.stop();
  });

  test('a queue that is refused is left out, and the others go on', async () => {
    const other = await open();
    await send(other, { name: 'odd', arguments: { 'x-max-priority': 5 } }, 'odd');
    const transport = await open();
    const { consumer, got } = await consume(transport, [CELERY]);
    consumer.addQueue({ name: 'odd' });
    await waitUntil('it is refused', () =>
      transports.hasLogged(/refused to declare the queue "odd": PRECONDITION_FAILED.*Trying again in 5 s/),
    );
    await send(other, CELERY, 'goes on');
    await waitUntil('the other is served', () => got.length === 1);
    expect(transports.hasLogged(/closed the channel/)).toBe(false);
    await broker.vhost.request('DELETE', `queues/${broker.vhost.name}/odd`);
    await send(await open(), { name: 'odd' }, 'now it fits');
    await waitUntil('it is served then', () => got.length === 2, 10_000);
    expect(got.map(idOf)).toEqual(['goes on', 'now it fits']);
  });

  test('a lost channel is told from a lost connection', async () => {
    const states: string[] = [];
    const quorum = { name: 'steady', arguments: { 'x-queue-type': 'quorum' } };
    await consume(await openShaken(), [quorum], { onConnection: (state) => states.push(state) });
    await broker.vhost.request('DELETE', `queues/${broker.vhost.name}/steady`);
    await waitUntil('the channel is renewed', () => states.length === 2, 10_000);
    proxy.reset();
    await waitUntil('the connection is renewed', () => states.length === 4, 10_000);
    expect(states).toEqual(['interrupted', 'restored', 'lost', 'restored']);
  });

  test('a worker that is told not to connect again opens a lost channel all the same', async () => {
    const task_queues = [{ name: 'steady', arguments: { 'x-queue-type': 'quorum' } }];
    const settings = { broker: broker.url(proxy.port), task_queues, task_default_queue: 'steady' };
    const app = new Celery('steady', { ...settings, broker_connection_retry: false }, silentLogger);
    app.task('steady.one', () => 1);
    const local = await new LocalWorker(app, { hostname: 'w1@steady' }).start();
    await broker.vhost.request('DELETE', `queues/${broker.vhost.name}/steady`);
    await local.logged(/Connected to amqp:[\s\S]*Connection to broker lost.*Trying[\s\S]*Connected to amqp:/);
    await app.sendTask('steady.one');
    await local.logged(/Task steady\.one\[.*\] succeeded/);
    proxy.reset();
    await local.logged(/CRITICAL.*\(app\.conf\.broker_connection_retry=False\)/);
    expect(await local.worker.done).toBe(1);
    await app.close();
  });

  test('what changes while a new channel is being set up counts', async () => {
    proxy.set({ kind: 'latency', ms: 5 });
    const shaken = await openShaken();
    const sender = await open();
    const { consumer, got } = await consume(shaken, [CELERY, { name: 'dropped' }]);
    for (let round = 0; round < 8; round += 1) {
      proxy.reset();
      // The connection is back after 50 ms, and the channel some 60 ms later.
      await pause(50 + round * 15);
      consumer.addQueue({ name: `late${round}` });
    }
    proxy.reset();
    await pause(130);
    consumer.cancelQueue('dropped');
    const names = ids(8, 'late');
    await Promise.all(['celery', ...names].map((name) => send(sender, { name }, name)));
    await waitUntil('all are served', () => new Set(got.map(idOf)).size === 9, 10_000);
    await send(sender, { name: 'dropped' }, 'dropped');
    await pause(200);
    expect(got.map(idOf)).not.toContain('dropped');
    expect(await sender.sampleQueues(['dropped'])).toMatchObject([{ messages: 1, consumers: 0 }]);
  }, 60_000);

  test('a pause while a new channel is being set up holds', async () => {
    proxy.set({ kind: 'latency', ms: 5 });
    const sender = await open();
    for (let round = 0; round < 5; round += 1) {
      const { consumer } = await consume(await openShaken(), [CELERY]);
      proxy.reset();
      await pause(60 + round * 20);
      await consumer.pause();
      await pause(250);
      expect(await sender.sampleQueues(['celery'])).toMatchObject([{ consumers: 0 }]);
      await consumer.stop();
    }
  }, 60_000);

  test('stopping at any moment of a reconnect ends quietly', async () => {
    proxy.set({ kind: 'latency', ms: 5 });
    for (let round = 0; round < 8; round += 1) {
      const shaken = await openShaken();
      await consume(shaken, [CELERY]);
      proxy.reset();
      await pause(45 + round * 15);
      // An error that nobody hears would end this process.
      await expect(shaken.stop()).resolves.toBeUndefined();
    }
  }, 30_000);

  test('what comes and is done while other queues are still being declared is acked', async () => {
    proxy.set({ kind: 'latency', ms: 5 });
    const sender = await open();
    await Promise.all(ids(20).map((id) => send(sender, CELERY, id)));
    const shaken = await openShaken();
    const late = ids(10, 'q').map((name) => ({ name }));
    let isReady = false;
    const consumer = shaken.createConsumer({
      queues: [CELERY, ...late],
      prefetch: 0,
      onDeliveries: (deliveries) => {
        for (const { tag } of deliveries) consumer.ack(tag);
        expect(isReady).toBe(false);
      },
    });
    await consumer.start();
    isReady = true;
    await consumer.stop();
    expect(await sender.sampleQueues(['celery'])).toMatchObject([{ messages: 0 }]);
  });

  test('a private queue outlives a new count, with what waits in it', async () => {
    const sender = await open();
    const bcast: Queue = {
      name: 'bcast.1',
      exchange: 'bc',
      exchangeType: 'fanout',
      autoDelete: true,
    };
    // With a quorum queue the broker counts by consumer: only new ones get another count.
    const { consumer, got } = await consume(await open(), [QUORUM, bcast], { prefetch: 2 });
    await Promise.all(ids(12).map((id) => sender.broadcast('bc', '', taskMessage(id))));
    for (let index = 0; index < 12; index += 1) {
      await waitUntil(`message ${index}`, () => got.length > index);
      consumer.hold(got[index]?.tag ?? '');
    }
    expect(new Set(got.map(idOf)).size).toBe(12);
  });

  test('a smaller count stops the flow until there is room', async () => {
    const sender = await open();
    await Promise.all(ids(30).map((id) => send(sender, QUORUM, id)));
    const { consumer, got } = await consume(await open(), [QUORUM], { prefetch: 10 });
    await waitUntil('ten have come', () => got.length === 10);
    consumer.setPrefetch(2);
    for (const { tag } of got.slice(0, 8)) consumer.ack(tag);
    await pause(200);
    expect(got).toHaveLength(10);
    consumer.ack(got[8]?.tag ?? '');
    await waitUntil('two more', () => got.length === 12);
    await pause(100);
    expect(got).toHaveLength(12);
  });

  const publishLater = (sender: Transport, id: string, ms: number): Promise<void> => {
    const message = taskMessage(id);
    const headers = { ...message.headers, eta: new Date(Date.now() + ms).toISOString() };
    return sender.publish({ exchange: 'qq', routingKey: 'qq', queue: QUORUM }, { ...message, headers });
  };

  test('a message that waits for its ETA arrives, also before any worker has been there', async () => {
    const sender = await open();
    // The first has all queues declared, which takes its time.
    await publishLater(sender, 'much later', 3_600_000);
    await publishLater(sender, 'later', 2_900);
    expect(await sender.sampleQueues(['qq'])).toMatchObject([{ messages: 0 }]);
    await waitUntil(
      'it is in its queue',
      async () => (await sender.sampleQueues(['qq']))[0]?.messages === 1,
      10_000,
    );
  }, 30_000);

  test('a message that waits for its ETA is refused when the exchange of the delays leads nowhere', async () => {
    const sender = await open();
    const { name } = broker.vhost;
    await publishLater(sender, 'arrives', 60_000);
    await broker.vhost.request('DELETE', `exchanges/${name}/celery_delayed_27`);
    await broker.vhost.request('PUT', `exchanges/${name}/celery_delayed_27`, {
      type: 'topic',
      durable: true,
    });
    await expect(publishLater(sender, 'lost', 60_000)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/No queue is bound to exchange "celery_delayed_27"/),
    });
  }, 30_000);

  test('a message that keeps coming back is told before the broker drops it', async () => {
    await send(await open(), QUORUM, 'again');
    const { consumer, got } = await consume(await open(), [QUORUM], { prefetch: 1 });
    for (let round = 0; round <= 10; round += 1) {
      await waitUntil(`delivery ${round}`, () => got.length > round);
      expect(transports.hasLogged(/came back/)).toBe(round >= 10);
      consumer.reject(got[round]?.tag ?? '', { requeue: true });
    }
    expect(transports.hasLogged(/quorum queue qq came back 10 times\. RabbitMQ 4 drops it after 20/)).toBe(
      true,
    );
  }, 30_000);

  test('what is revoked stays for the next who asks, also when several do', async () => {
    const asking = [await open(), await open(), await openShaken()];
    expect(await asking[0]?.revokedTasks?.read()).toEqual([]);
    await asking[0]?.revokedTasks?.add(ids(1500));
    const odd = { exchange: '', routingKey: 'umbel.revoked', isReply: true };
    await asking[0]?.publish(odd, taskMessage('odd'));
    proxy.reset();
    for (let round = 0; round < 2; round += 1) {
      const read = await Promise.all(asking.map((transport) => transport.revokedTasks?.read()));
      for (const entries of read) {
        expect(entries?.map(([id]) => id)).toEqual(ids(1500));
        expect(entries?.at(-1)?.[1]).toBeCloseTo(Date.now() / 1000, -2);
      }
    }
    // It is no queue of tasks.
    expect(await asking[0]?.listQueues()).toEqual([]);
  }, 30_000);

  test('a message that cannot be set aside stays, and does not come at once again', async () => {
    const sender = await open();
    await send(sender, { name: 'umbel.parked' }, 'made by somebody else');
    await send(sender, CELERY, 'odd');
    const transport = await open();
    let count = 0;
    const { consumer } = await consume(transport, [], {
      onDeliveries: (deliveries) => {
        count += deliveries.length;
        for (const { tag } of deliveries) consumer.park(tag, 'no task of that name');
      },
    });
    consumer.addQueue(CELERY);
    await waitUntil('it has failed', () => transports.hasLogged(/stays in celery: .*umbel\.parked/));
    await pause(500);
    expect(count).toBe(1);
    await consumer.stop();
    expect(await sender.sampleQueues(['celery'])).toMatchObject([{ messages: 1 }]);
  });

  test('no result over rpc:// is lost with a connection', async () => {
    const sender = await open();
    const got = new Set<string>();
    const shaken = await openShaken();
    const { routingKey } = await shaken.openReplyQueue(
      '',
      (message) => got.add(String(message.headers['id'])),
      {
        routingKey: 'results',
        expiresSeconds: 60,
      },
    );
    const names = ids(400);
    const sending = names.map(async (id, index) => {
      await pause(index * 2);
      await sender.publish({ exchange: '', routingKey, isReply: true }, taskMessage(id));
    });
    for (let reset = 0; reset < 6; reset += 1) {
      await pause(100);
      if (reset % 2) proxy.cutAfter(700);
      else proxy.reset();
    }
    await Promise.all(sending);
    await waitUntil('all have come', () => got.size === names.length, 10_000);
    expect([...got].sort()).toEqual(names.sort());
  }, 30_000);

  test('without confirms a sender waits for the socket, and what it could not write is sent again', async () => {
    const shaken = await openShaken({ transportOptions: { confirm_publish: false } });
    await send(shaken, CELERY, 'first');
    proxy.set({ kind: 'clog' });
    let sent = 0;
    const body = 'x'.repeat(10_000);
    const sending = ids(3000, 'big').map(async (id) => {
      await shaken.publish(
        { exchange: '', routingKey: 'celery', queue: CELERY },
        taskMessage(id, { args: [body] }),
      );
      sent += 1;
    });
    await pause(300);
    expect(sent).toBeLessThan(3000);
    proxy.set({ kind: 'none' });
    proxy.reset();
    await Promise.all(sending);
    expect(sent).toBe(3000);
  }, 30_000);

  test("measures its own queues beside another connection's", async () => {
    const other = await open();
    await other.subscribe('celery.pidbox', '#', () => {}, { queue: 'w1@h.celery.pidbox' });
    await send(other, CELERY, 'a');
    const samples = await (await open()).sampleQueues(['none', 'w1@h.celery.pidbox', 'celery']);
    expect(samples).toEqual([
      { name: 'none', messages: 0, unacked: null, consumers: 0 },
      { name: 'celery', messages: 1, unacked: null, consumers: 0 },
    ]);
  });

  test('a sender who may not declare a queue is told which', async () => {
    const { vhost } = broker;
    await vhost.request('PUT', 'users/limited', { password: 'x', tags: '' });
    await vhost.request('PUT', `permissions/${vhost.name}/limited`, {
      configure: '^$',
      write: '.*',
      read: '.*',
    });
    const limited = await transports.open(broker.url().replace('guest:guest@', 'limited:x@'));
    await expect(send(limited, { name: 'theirs' }, 'a')).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/refused to declare the queue "theirs": ACCESS_REFUSED/),
    });
    await vhost.request('DELETE', 'users/limited');
  });
});
