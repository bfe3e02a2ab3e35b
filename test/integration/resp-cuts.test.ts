import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConnectionLost } from '../../lib/redis/failures.ts';
import { Link } from '../../lib/redis/link.ts';
import { parseRedisUrl } from '../../lib/redis/url.ts';
import { CuttingProxy } from '../kit/cutting-proxy.ts';
import { randomOf } from '../kit/random.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

/* What a server answers, in pieces of any size and cut off in the middle: our client never takes it for something else. */

const SEEDS = 1000;

describe.each(SERVERS)('on $name', ({ start }) => {
  let server: TestServer;
  let proxy: CuttingProxy;

  beforeAll(async () => {
    server = await start();
    proxy = await CuttingProxy.start({ port: server.port, pieceBytes: 50 });
  });

  afterAll(async () => {
    proxy.stop();
    await server.stop();
  });

  test(`${SEEDS} seeds: the value, or a lost connection`, { timeout: 120_000 }, async () => {
    const open = async (): Promise<Link> => {
      proxy.budget = null;
      const link = new Link(parseRedisUrl(`redis://127.0.0.1:${proxy.port}/0`), 'test', {
        onClosed: () => {},
      });
      await link.open(10_000);
      return link;
    };
    let link = await open();
    let lost = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const random = randomOf(seed);
      proxy.random = random;
      const value = 'ü\r\n$-1'.repeat(random.below(100)) + seed;
      const isCut = seed % 10 === 0;
      if (isCut) proxy.budget = 1 + random.below(Buffer.byteLength(value));
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
