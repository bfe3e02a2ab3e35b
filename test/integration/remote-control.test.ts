import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Mailbox } from '../../lib/control/mailbox.ts';
import { Pidbox } from '../../lib/control/pidbox.ts';
import { EventDispatcher } from '../../lib/events/dispatcher.ts';
import { EventReceiver } from '../../lib/events/receiver.ts';
import type { CeleryEvent } from '../../lib/protocol/event.ts';
import { openTransport } from '../../lib/transport/open.ts';
import type { Transport } from '../../lib/transport/transport.ts';
import { LamportClock } from '../../lib/util/clock.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

describe.each(SERVERS)('remote control and events on $name', ({ start }) => {
  let server: TestServer;
  let redis: Redis;
  let transports: Transport[];

  const open = async (url = server.url()): Promise<Transport> => {
    const transport = openTransport(url, {
      logger: silentLogger,
      connectionTimeoutMs: 500,
      transportOptions: { retry_policy: { max_retries: 0 } },
    });
    await transport.start();
    transports.push(transport);
    return transport;
  };
  const worker = async (hostname: string): Promise<{ pidbox: Pidbox; seen: string[] }> => {
    const seen: string[] = [];
    const pidbox = new Pidbox({
      transport: await open(),
      hostname,
      clock: new LamportClock(),
      onRequest: ({ method, arguments: given }) => {
        seen.push(method);
        if (method === 'fail') throw new TypeError('no such thing');
        return method === 'silent' ? undefined : { ok: given['n'] ?? 'pong' };
      },
    });
    await pidbox.start();
    return { pidbox, seen };
  };
  const keys = async (): Promise<string[]> => (await redis.keys('*')).sort();

  beforeAll(async () => {
    server = await start();
    redis = new Redis(server.port, { protocol: 2 });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    transports = [];
    await redis.flushall();
  });
  afterEach(async () => {
    await Promise.all(transports.map((transport) => transport.stop()));
  });

  test('asks all workers or some, and gets each answer once', async () => {
    const one = await worker('w1@host');
    await worker('w2@host');
    const mailbox = new Mailbox({ transport: await open(), clock: new LamportClock() });
    const timeoutMs = 200;
    const all = await mailbox.broadcast('ping', { timeoutMs });
    expect(Object.assign({}, ...all)).toEqual({ 'w1@host': { ok: 'pong' }, 'w2@host': { ok: 'pong' } });
    const sentAt = performance.now();
    expect(await mailbox.broadcast('ping', { destination: ['w2@host'], timeoutMs: 5000 })).toEqual([
      { 'w2@host': { ok: 'pong' } },
    ]);
    expect(performance.now() - sentAt).toBeLessThan(1000);
    expect(await mailbox.broadcast('ping', { pattern: 'w1@*', matcher: 'glob', timeoutMs })).toHaveLength(1);
    expect(await mailbox.broadcast('ping', { destination: ['nobody@host'], timeoutMs: 50 })).toEqual([]);
    expect(await mailbox.broadcast('fail', { destination: ['w1@host'], timeoutMs })).toEqual([
      { 'w1@host': { error: "TypeError('no such thing')" } },
    ]);
    expect(await mailbox.broadcast('silent', { reply: false })).toEqual([]);
    await waitUntil('it is heard', () => one.seen.includes('silent'));
    await mailbox.close();
  });

  test('1000 requests at once find their own answers, over one queue that is gone afterwards', async () => {
    const { pidbox } = await worker('w1@host');
    const mailbox = new Mailbox({ transport: await open(), clock: new LamportClock() });
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, n) =>
        mailbox.broadcast('echo', { arguments: { n }, destination: ['w1@host'], timeoutMs: 10_000 }),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 1000 }, (_, n) => [{ 'w1@host': { ok: n } }]));
    await mailbox.close();
    await pidbox.stop();
    expect(await keys()).toEqual([]);
  });

  test('an asker that is killed leaves nothing without an expiry', async () => {
    const { pidbox, seen } = await worker('w1@host');
    const proxy = new FaultProxy(server.port);
    await proxy.start();
    const mailbox = new Mailbox({ transport: await open(proxy.url()), clock: new LamportClock() });
    await mailbox.broadcast('ping', { limit: 1 });
    const waiting = Promise.allSettled(
      Array.from({ length: 20 }, () => mailbox.broadcast('ping', { timeoutMs: 100 })),
    );
    await new Promise((resolve) => setImmediate(resolve));
    proxy.set({ kind: 'refuse' });
    proxy.reset();
    await waiting;
    // The same for a request whose answer comes after the end.
    await mailbox.broadcast('ping', { timeoutMs: 10 }).catch(() => []);
    await pidbox.stop();
    expect(seen.length).toBeGreaterThan(0);
    for (const key of await keys()) expect([key, await redis.ttl(key)]).not.toEqual([key, -1]);
    proxy.set({ kind: 'none' });
    await Promise.all(transports.map((transport) => transport.stop()));
    await proxy.stop();
  });

  test('events of one turn travel together, worker events alone, all in order', async () => {
    const events: CeleryEvent[] = [];
    const messages: number[] = [];
    const receiver = new EventReceiver({
      transport: await open(),
      onEvents: (some) => {
        events.push(...some);
        messages.push(some.length);
      },
    });
    await receiver.start();
    const clock = new LamportClock();
    const dispatcher = new EventDispatcher({
      transport: await open(),
      hostname: 'w1@host',
      clock,
      groups: ['worker'],
    });
    dispatcher.send('task-received', { uuid: 'off' });
    dispatcher.send('worker-online', { freq: 2 });
    expect(dispatcher.enable('task')).toBe(true);
    for (let n = 0; n < 60; n += 1) dispatcher.send('task-started', { uuid: `t${n}` });
    await dispatcher.flush();
    await waitUntil('all have come', () => events.length === 61);
    expect(messages).toEqual([1, 24, 24, 12]);
    expect(events.map(({ type }) => type)).toEqual(['worker-online', ...Array(60).fill('task-started')]);
    expect(events.map(({ clock: at }) => at)).toEqual(Array.from({ length: 61 }, (_, n) => n + 1));
    expect(events[1]).toMatchObject({ hostname: 'w1@host', uuid: 't0', pid: process.pid });
    await receiver.stop();
  });
});
