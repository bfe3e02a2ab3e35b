import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { killMixedWorkers } from '../kit/mixed-kills.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

describe.each(SERVERS)('Python and TypeScript workers on one queue of $name', ({ start }) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await start();
  });
  afterEach(() => server.stop());

  test('4 SIGKILLs in turn lose nothing that Umbel held of 200 late-ack tasks', async () => {
    const result = await killMixedWorkers({
      broker: server.url(0),
      backend: server.url(1),
      tasks: 200,
      kills: 4,
    });
    expect(result.accepted).toBe(200);
    expect(result.lostByOurs).toEqual([]);
    // kombu's own window, one message for each of its kills at most.
    expect(result.lost.length).toBeLessThanOrEqual(2);
    // Both sides had their share, and ours brought back what Python's died with.
    expect(result.ranByPython).toBeGreaterThan(0);
    expect(result.putBack).toBeGreaterThan(0);
  }, 90_000);
});
