import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { killWorkersInChord } from '../kit/chord-kills.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

describe.each(SERVERS)('a chord on $name', ({ start }) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await start();
  });
  afterEach(() => server.stop());

  test('of 1,000 calls its body once, and leaves no counters, when workers are killed 10 times', async () => {
    const result = await killWorkersInChord({
      broker: server.url(0),
      backend: server.url(1),
      members: 1000,
      kills: 10,
      lease: 2,
    });
    expect(result.lost).toEqual([]);
    expect(result.joined).toBe(1000);
    expect(result.doubled).not.toContain('body');
    const redis = new Redis(server.url(1));
    const counters = ['.j', '.s', '.t'].map((end) => `celery-taskset-meta-${result.groupId}${end}`);
    expect(await redis.exists(...counters)).toBe(0);
    redis.disconnect();
  });
});
