import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { boundByLoad } from '../kit/load.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { killWorkers } from '../kit/worker-kills.ts';

const LEASE = 2;

describe.each(SERVERS)('workers killed on $name', ({ name, start }) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await start();
  });
  afterEach(() => server.stop());

  test('20 SIGKILLs lose none of 2,000 late-ack tasks, and all are done within 5 s of the last', async () => {
    const result = await killWorkers({
      broker: server.url(0),
      backend: server.url(1),
      tasks: 2000,
      kills: 20,
      lease: LEASE,
    });
    process.stdout.write(
      `${result.doubled.length} doubled, recovered after ${result.recoverySeconds.toFixed(1)} s\n`,
    );
    expect(result.accepted).toBe(2000);
    expect(result.lost).toEqual([]);
    expect(result.rerun.length).toBeGreaterThanOrEqual(10);
    // Only what the two processes had just ended: its result or its ack was on the way. One for each kill at most, unless
    // others use the machine too.
    expect(result.doubled.length).toBeLessThanOrEqual(boundByLoad(20, 60));
    // On the engine a second after the lease, and a moment for the last task.
    const isEngine = name === 'embedded engine';
    expect(result.recoverySeconds).toBeLessThan(isEngine ? boundByLoad(LEASE + 1.5, 5) : 5);
  });
});
