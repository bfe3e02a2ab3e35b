import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConnectionLost } from '../../lib/redis/failures.ts';
import { Link } from '../../lib/redis/link.ts';
import { parseRedisUrl } from '../../lib/redis/url.ts';
import { randomOf } from '../kit/random.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

/* What a server answers, in pieces of any size and cut off in the middle: our client never takes it for something else. */

const SEEDS = 1000;

describe.each(SERVERS)('on $name', ({ start }) => {
  let server: TestServer;
  let proxy: Server;
  let random = randomOf(1);
  /** Bytes until the connection is cut; null: never. */
  let budget: number | null = null;
  const sockets = new Set<Socket>();

  /** Passes answers on in pieces, until the budget is used up. */
  async function passOn(to: Socket, data: Buffer): Promise<void> {
    for (let at = 0; at < data.length && !to.destroyed; ) {
      const length = Math.min(1 + random.below(50), data.length - at, budget ?? data.length);
      to.write(data.subarray(at, at + length));
      at += length;
      if (budget !== null) {
        budget -= length;
        if (budget <= 0) to.destroy();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  beforeAll(async () => {
    server = await start();
    proxy = createServer((client) => {
      const upstream = connect(server.port, '127.0.0.1');
      let passing = Promise.resolve();
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.setNoDelay(true);
        // The other end is gone: that is what is tested.
        socket.on('error', () => {});
      }
      client.on('data', (data) => upstream.write(data));
      upstream.on('data', (data) => {
        passing = passing.then(() => passOn(client, data));
      });
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
    await server.stop();
  });

  test(`${SEEDS} seeds: the value, or a lost connection`, { timeout: 120_000 }, async () => {
    const { port } = proxy.address() as AddressInfo;
    const open = async (): Promise<Link> => {
      budget = null;
      const link = new Link(parseRedisUrl(`redis://127.0.0.1:${port}/0`), 'test', { onClosed: () => {} });
      await link.open(10_000);
      return link;
    };
    let link = await open();
    let lost = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      random = randomOf(seed);
      const value = 'ü\r\n$-1'.repeat(random.below(100)) + seed;
      const isCut = seed % 10 === 0;
      if (isCut) budget = 1 + random.below(Buffer.byteLength(value));
      const asked = [link.call('echo', [value]), link.call('lrange', ['none', 0, -1])] as const;
      const [echoed, list] = await Promise.allSettled(asked);
      if (echoed.status === 'fulfilled') expect(echoed.value).toBe(value);
      else expect(echoed.reason).toBeInstanceOf(ConnectionLost);
      if (list.status === 'fulfilled') expect(list.value).toEqual([]);
      else expect(list.reason).toBeInstanceOf(ConnectionLost);
      if (echoed.status === 'rejected') {
        lost += 1;
        link.close();
        link = await open();
      }
    }
    link.close();
    expect(lost).toBe(SEEDS / 10);
  });
});
