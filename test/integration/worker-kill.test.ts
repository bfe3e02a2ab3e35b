import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { killWorkers } from '../kit/worker-kills.ts';

/* A lighter round of test/long/worker-kill.test.ts. */

describe.each(SERVERS)('workers killed on $name', ({ start }) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await start();
  });
  afterEach(() => server.stop());

  test('4 SIGKILLs lose none of 400 late-ack tasks, and all are done within 5 s of the last', async () => {
    const result = await killWorkers({
      broker: server.url(0),
      backend: server.url(1),
      tasks: 400,
      kills: 4,
      lease: 2,
    });
    expect(result.accepted).toBe(400);
    expect(result.lost).toEqual([]);
    expect(result.rerun.length).toBeGreaterThan(0);
    // Only what its worker held when it died, eight at a time; how much of that had ended unacknowledged is a matter of
    // the machine's load.
    expect(result.doubled.length).toBeLessThanOrEqual(4 * 8);
    expect(result.recoverySeconds).toBeLessThan(5);
  }, 90_000);
});
