import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ManagementApi } from '../../lib/amqp/management.ts';
import { transportOptionsOf } from '../../lib/app/connection-options.ts';
import { Celery } from '../../lib/index.ts';
import type { TransportOptions } from '../../lib/transport/open.ts';
import type { Transport } from '../../lib/transport/transport.ts';
import { startRabbitmqBroker } from '../kit/brokers.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { freePort } from '../kit/free-port.ts';
import { idOf, ids, taskMessage } from '../kit/messages.ts';
import { TestProcess } from '../kit/process.ts';
import { PYTHON } from '../kit/python.ts';
import { consume, send, Transports } from '../kit/transports.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* What is RabbitMQ's own. What all transports do is in test/conformance/transport.test.ts. */

type Broker = Awaited<ReturnType<typeof startRabbitmqBroker>>;

describe('RabbitMQ', () => {
  let broker: Broker;
  const transports = new Transports();

  const open = (url = broker.url(), options?: Partial<TransportOptions>): Promise<Transport> =>
    transports.open(url, options);
  const described = async (kind: string): Promise<Record<string, unknown>[]> => {
    const rows = await broker.vhost.request('GET', `${kind}/${broker.vhost.name}?disable_stats=true`);
    return Array.isArray(rows) ? rows : [];
  };

  beforeAll(async () => {
    broker = await startRabbitmqBroker();
  }, 120_000);
  afterAll(() => broker.stop());
  beforeEach(() => broker.reset());
  afterEach(() => transports.stop());

  test('declares what Celery declares', async () => {
    const transport = await open();
    await send(transport, { name: 'plain' }, 'a');
    await send(transport, { name: 'pq', arguments: { 'x-max-priority': 10 } }, 'b');
    await consume(transport, [{ name: 'bcast.1', exchange: 'bc', exchangeType: 'fanout', autoDelete: true }]);
    await transport.subscribe('celeryev', '#', () => {});
    await transport.subscribe('celery.pidbox', '#', () => {}, { queue: 'w1@h.celery.pidbox' });
    const reply = await transport.openReplyQueue('reply.celery.pidbox', () => {});
    const queues = new Map((await described('queues')).map((queue) => [String(queue['name']), queue]));
    const mailbox = { 'x-expires': 10_000, 'x-message-ttl': 300_000 };
    expect(queues.get('plain')).toMatchObject({
      durable: true,
      exclusive: false,
      auto_delete: false,
      arguments: {},
    });
    expect(queues.get('pq')).toMatchObject({ durable: true, arguments: { 'x-max-priority': 10 } });
    expect(queues.get('bcast.1')).toMatchObject({ durable: true, auto_delete: true, exclusive: false });
    expect(queues.get('w1@h.celery.pidbox')).toMatchObject({
      exclusive: true,
      auto_delete: true,
      arguments: mailbox,
    });
    expect(queues.get(`${reply.routingKey}.reply.celery.pidbox`)).toMatchObject({
      exclusive: true,
      arguments: mailbox,
    });
    const events = [...queues.keys()].find((name) => name.startsWith('celeryev.')) ?? '';
    expect(queues.get(events)).toMatchObject({
      exclusive: true,
      auto_delete: true,
      arguments: { 'x-expires': 60_000, 'x-message-ttl': 5_000 },
    });
    const exchanges = new Map((await described('exchanges')).map((one) => [String(one['name']), one]));
    expect(exchanges.get('plain')).toMatchObject({ type: 'direct', durable: true });
    expect(exchanges.get('bc')).toMatchObject({ type: 'fanout', durable: true });
    expect(exchanges.get('celeryev')).toMatchObject({ type: 'topic', durable: true });
    expect(exchanges.get('celery.pidbox')).toMatchObject({ type: 'fanout', durable: false });
    expect(exchanges.get('reply.celery.pidbox')).toMatchObject({ type: 'direct', durable: false });
  });

  test('declares events and mailboxes as the settings say', async () => {
    const transport = await open(undefined, {
      broadcasts: {
        eventExchange: 'evx',
        eventPrefix: 'own',
        controlExchange: 'other',
        events: { ttl: 2, expires: 30, isExclusive: true, isDurable: false },
        control: { ttl: 4, expires: 20, isExclusive: false, isDurable: true },
      },
    });
    const routed: string[] = [];
    await transport.subscribe('evx', 'task.#', (_, key) => routed.push(key));
    await transport.subscribe('other.pidbox', '#', () => {}, { queue: 'w1@h.other.pidbox' });
    await transport.broadcast('evx', 'worker.online', taskMessage('1'));
    await transport.broadcast('evx', 'task.multi', taskMessage('2'));
    await waitUntil('it has come', () => routed.length > 0);
    expect(routed).toEqual(['task.multi']);
    const queues = await described('queues');
    expect(queues.find(({ name }) => String(name).startsWith('own.'))).toMatchObject({
      durable: false,
      exclusive: true,
      auto_delete: true,
      arguments: { 'x-expires': 30_000, 'x-message-ttl': 2_000 },
    });
    expect(queues.find(({ name }) => name === 'w1@h.other.pidbox')).toMatchObject({
      durable: true,
      exclusive: false,
      auto_delete: false,
      arguments: { 'x-expires': 20_000, 'x-message-ttl': 4_000 },
    });
  });

  test('takes the most urgent first, the larger number', async () => {
    const transport = await open();
    const queue = { name: 'pq', arguments: { 'x-max-priority': 9 } };
    for (const priority of [1, 9, 0, 5]) await send(transport, queue, `p${priority}`, priority);
    const { got } = await consume(transport, [queue]);
    await waitUntil('all have come', () => got.length === 4);
    expect(got.map(idOf)).toEqual(['p9', 'p5', 'p1', 'p0']);
  });

  test('says in one line why it cannot connect', async () => {
    const { port, vhost } = broker;
    await expect(open(`amqp://guest:wrong@127.0.0.1:${port}/${vhost.name}`)).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(
        /^amqp:\/\/guest:\*+@127.0.0.1:\d+\/\S+ refuses the login of the user "guest"\. Check the name and the password in the URL\.$/,
      ),
    });
    await expect(open(`amqp://guest:guest@127.0.0.1:${port}/nowhere`)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/has no vhost "nowhere", or the user "guest" may not use it, or /),
    });
    const nobody = await freePort();
    await expect(open(`amqp://127.0.0.1:${nobody}//`)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('logs in with a password of hard characters', async () => {
    const { port, vhost } = broker;
    const password = 'p@s/s%:ü';
    await vhost.request('PUT', 'users/ada', { password, tags: '' });
    await vhost.request('PUT', `permissions/${vhost.name}/ada`, { configure: '.*', write: '.*', read: '.*' });
    const transport = await open(
      `amqp://ada:${encodeURIComponent(password)}@127.0.0.1:${port}/${vhost.name}?login_method=AMQPLAIN&heartbeat=5`,
    );
    await send(transport, { name: 'celery' }, 'a');
    expect(transport.brokerInfo()).toMatchObject({ userid: 'ada', login_method: 'AMQPLAIN', heartbeat: 5 });
    expect(JSON.stringify([transport.displayUrl, transport.brokerInfo(), transports.lines])).not.toMatch(
      /p@s|p%40s/,
    );
    await vhost.request('DELETE', 'users/ada');
  });

  test('agrees with the broker on the heartbeat of the settings, or of the URL', async () => {
    for (const [broker_heartbeat, parameter] of [
      [7, ''],
      [0, ''],
      [7, '?heartbeat=5'],
    ] as const) {
      const { conf } = new Celery('beats', { broker: broker.url() + parameter, broker_heartbeat });
      await open(conf.broker_url, transportOptionsOf(conf));
    }
    const timeouts = async (): Promise<unknown[]> => {
      const rows = await broker.vhost.request('GET', `vhosts/${broker.vhost.name}/connections`);
      return Array.isArray(rows) ? rows.map(({ timeout }) => timeout).sort() : [];
    };
    // It lists them some seconds later.
    await expect.poll(timeouts, { timeout: 15_000 }).toEqual([0, 5, 7]);
  });

  test('says in one line which queue argument is refused, and goes on', async () => {
    const transport = await open();
    await send(transport, { name: 'celery' }, 'a');
    const other = await open();
    const different = { name: 'celery', arguments: { 'x-max-priority': 5 } };
    const refusal = {
      code: 'conflict',
      message: expect.stringMatching(
        /refused to (declare the queue "celery"|consume from celery): PRECONDITION_FAILED - inequivalent arg 'x-max-priority' for queue 'celery'/,
      ),
    };
    await expect(send(other, different, 'b')).rejects.toMatchObject(refusal);
    await expect(consume(other, [different])).rejects.toMatchObject(refusal);
    await send(other, { name: 'celery' }, 'c');
    expect(await other.sampleQueues(['celery'])).toEqual([
      { name: 'celery', messages: 2, unacked: null, consumers: 0 },
    ]);
  });

  test('a message to an exchange that does not exist fails alone', async () => {
    const transport = await open();
    const [bad, good] = await Promise.allSettled([
      transport.publish({ exchange: 'nowhere', routingKey: 'x' }, taskMessage('bad')),
      send(transport, { name: 'celery' }, 'good'),
    ]);
    expect(bad).toMatchObject({ reason: { code: 'not_found' } });
    expect(good?.status).toBe('fulfilled');
    await expect(
      transport.publish({ exchange: '', routingKey: 'gone', isReply: true }, taskMessage('late')),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  test('declares again what somebody deleted, for sender and worker', async () => {
    const transport = await open();
    const { got } = await consume(transport, [{ name: 'celery' }]);
    await broker.vhost.request('DELETE', `queues/${broker.vhost.name}/celery`);
    await waitUntil('the worker has noticed', () => transports.hasLogged(/stopped handing out celery/));
    await send(transport, { name: 'celery' }, 'after');
    await waitUntil('it has come', () => got.length === 1);
    expect(got.map(idOf)).toEqual(['after']);
  });

  test("reads what Python's headers carry, also beyond 32 bits", async () => {
    const transport = await open();
    const { got } = await consume(transport, [{ name: 'celery' }]);
    const source = [
      'import kombu',
      `c = kombu.Connection("${broker.url()}")`,
      'p = c.Producer()',
      'h = {"task": "t", "id": "py", "big": 2**40, "neg": -2**40, "small": 300, "in": {"deep": [2**33, None]}, "f": 0.5}',
      'p.publish([[], {}, {}], routing_key="celery", serializer="json", headers=h)',
    ].join('\n');
    expect(await new TestProcess(PYTHON, ['-c', source]).ended()).toBe(0);
    await waitUntil('it has come', () => got.length === 1);
    expect(got[0]?.message.headers).toMatchObject({
      big: 2 ** 40,
      neg: -(2 ** 40),
      small: 300,
      in: { deep: [2 ** 33, null] },
      f: 0.5,
    });
  });

  test('moves what cannot be read to umbel.parked, with the reason in its headers', async () => {
    const transport = await open();
    await send(transport, { name: 'celery' }, 'odd');
    const { consumer, got } = await consume(transport, [{ name: 'celery' }]);
    await waitUntil('it has come', () => got.length === 1);
    consumer.park(got[0]?.tag ?? '', 'no task of that name');
    await consumer.flush();
    const parked = await consume(transport, [{ name: 'umbel.parked', arguments: { 'x-max-length': 1000 } }]);
    await waitUntil('it is there', () => parked.got.length === 1);
    expect(parked.got[0]?.message.headers).toMatchObject({
      id: 'odd',
      'x-umbel-reason': 'no task of that name',
      'x-umbel-queue': 'celery',
    });
  });

  test('quorum queues count deliveries themselves, and held messages do not starve them', async () => {
    const transport = await open();
    const queue = { name: 'qq', arguments: { 'x-queue-type': 'quorum' } };
    await Promise.all(ids(12).map((id) => send(transport, queue, id)));
    const { consumer, got } = await consume(transport, [queue], { prefetch: 4 });
    await waitUntil('four have come', () => got.length === 4, 10_000);
    for (const { tag } of got) consumer.hold(tag);
    await waitUntil('more come beside the held', () => got.length >= 8, 10_000);
    for (let index = 4; index < 12; index += 1) {
      await waitUntil('another', () => got.length > index, 10_000);
      consumer.ack(got[index]?.tag ?? '');
    }
    consumer.reject(got[0]?.tag ?? '', { requeue: true });
    await waitUntil(
      'it has come again',
      () => got.filter((delivery) => idOf(delivery) === 'id0').length === 2,
      10_000,
    );
    const again = got.findLast((delivery) => idOf(delivery) === 'id0');
    expect(again?.message.headers['x-delivery-count']).toBe(1);
    expect(again?.message.properties.delivery_info?.redelivered).toBe(true);
  });

  test('goes to the next broker of a list', async () => {
    const proxies = [new FaultProxy(broker.port), new FaultProxy(broker.port)];
    for (const proxy of proxies) await proxy.start();
    const [first, second] = proxies.map((proxy) => broker.url(proxy.port));
    const transport = await open(`amqp://127.0.0.1:${await freePort()}//;${first};${second}`);
    const { got } = await consume(transport, [{ name: 'celery' }]);
    proxies[0]?.set({ kind: 'refuse' });
    proxies[0]?.reset();
    await send(transport, { name: 'celery' }, 'after');
    await waitUntil('it has come over the second', () => got.length === 1, 10_000);
    expect(proxies[1]?.connections).toBeGreaterThan(0);
    await transport.stop();
    for (const proxy of proxies) await proxy.stop();
  });

  test('a half-open connection is found and replaced', async () => {
    const proxy = new FaultProxy(broker.port);
    await proxy.start();
    const transport = await open(broker.url(proxy.port));
    const { got } = await consume(transport, [{ name: 'celery' }]);
    const brokenAt = performance.now();
    proxy.set({ kind: 'stall' });
    await waitUntil('it is found', () => transports.hasLogged(/consume\): no answer for/), 20_000);
    const foundMs = performance.now() - brokenAt;
    proxy.set({ kind: 'none' });
    await send(transport, { name: 'celery' }, 'after');
    await waitUntil('it has come', () => got.length === 1, 10_000);
    expect(foundMs).toBeLessThan(15_000);
    await transport.stop();
    await proxy.stop();
  }, 60_000);

  test('what was held when the broker closed the connection comes again, and its old tag means nothing', async () => {
    const transport = await open();
    await send(transport, { name: 'celery' }, 'slow');
    const states: string[] = [];
    let takenBack = 0;
    const { consumer, got } = await consume(transport, [{ name: 'celery' }], {
      onConnection: (state, reason) => states.push(`${state} ${reason ?? ''}`),
      onTakenBack: () => {
        takenBack += 1;
      },
    });
    await waitUntil('it has come', () => got.length === 1);
    await closeConnections(broker);
    await waitUntil('it has come again', () => got.length === 2, 10_000);
    expect(takenBack).toBe(1);
    expect(states[0]).toMatch(/^lost /);
    expect(states.at(-1)).toBe('restored ');
    expect(consumer.owns(got[0]?.tag ?? '')).toBe(false);
    expect(consumer.owns(got[1]?.tag ?? '')).toBe(true);
  });

  test('the management API tells names, lengths and bindings', async () => {
    const { vhost } = broker;
    const transport = await open(undefined, { managementUrl: vhost.managementUrl });
    await send(transport, { name: 'unread' }, 'a');
    await transport.subscribe('celery.pidbox', '#', () => {}, { queue: 'w1@h.celery.pidbox' });
    const { got } = await consume(await open(), [{ name: 'held' }]);
    await send(transport, { name: 'held' }, 'b');
    await waitUntil('it is held', () => got.length === 1);
    await waitUntil(
      'it is counted',
      async () => {
        const [sample] = await transport.sampleQueues(['held']);
        return sample?.unacked === 1;
      },
      10_000,
    );
    expect(await transport.listQueues()).toEqual(['held', 'unread']);
    expect((await transport.sampleQueues(['unread', 'none'])).map(({ messages }) => messages)).toEqual([
      1, 0,
    ]);
    expect(await transport.listBindings?.()).toContainEqual({
      queue: 'held',
      exchange: 'held',
      routingKey: 'held',
    });
    const wrong = new ManagementApi(vhost.managementUrl.replace('guest:guest', 'guest:bad'), vhost.name);
    await expect(wrong.queues()).rejects.toThrow(
      /management API at http:\/\/guest:\*+@.* it refuses the login/,
    );
  });

  test('while the management API is away, the broker itself is asked', async () => {
    const { vhost } = broker;
    const port = Number(new URL(vhost.managementUrl).port);
    const proxy = new FaultProxy(port);
    await proxy.start();
    const transport = await open(undefined, {
      managementUrl: vhost.managementUrl.replace(`:${port}/`, `:${proxy.port}/`),
    });
    await send(transport, { name: 'mine' }, 'a');
    await send(await open(), { name: 'unread' }, 'b');
    proxy.set({ kind: 'refuse' });
    for (let round = 0; round < 2; round += 1) {
      expect(await transport.sampleQueues(['mine', 'unread'])).toEqual([
        { name: 'mine', messages: 1, unacked: null, consumers: 0 },
        { name: 'unread', messages: 1, unacked: null, consumers: 0 },
      ]);
      expect(await transport.listQueues()).toEqual(['mine']);
    }
    proxy.set({ kind: 'none' });
    // It is left alone for ten seconds.
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 10_000);
    expect(await transport.listQueues()).toEqual(['mine', 'unread']);
    clock.mockRestore();
    expect(transports.lines.filter((line) => line.includes('management API'))).toEqual([
      expect.stringMatching(
        /WARNING.*guest:\*+@\S+ does not answer: .*ECONN.*only queues that workers, tasks and the app name/,
      ),
      expect.stringMatching(/INFO.*answers again/),
    ]);
    await transport.stop();
    await proxy.stop();
  });
});

/** Closes every connection to the vhost, as an operator does. */
async function closeConnections({ vhost }: Broker): Promise<void> {
  let names: string[] = [];
  await waitUntil(
    'the broker lists its connections',
    async () => {
      const connections = await vhost.request('GET', `vhosts/${vhost.name}/connections`);
      names = Array.isArray(connections) ? connections.map(({ name }) => String(name)) : [];
      return names.length >= 2;
    },
    10_000,
  );
  for (const name of names) await vhost.request('DELETE', `connections/${encodeURIComponent(name)}`);
}
