import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

let bench: WorkerBench;

beforeEach(async () => {
  bench = await WorkerBench.start();
});
afterEach(() => bench.stop());

describe.each([
  ['async', ['-P', 'async', '-c', '2']],
  ['prefork', ['-P', 'prefork', '-c', '2']],
])('stopping a worker with the %s pool', (_pool, args) => {
  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 1],
  ] as const)('on %s lets running tasks end, gives the others back, and exits %i', async (signal, code) => {
    await bench.watch();
    const worker = await bench.worker('-E', ...args);
    const { app } = bench;
    const running = await Promise.all([1, 2].map(() => app.sendTask('w.nap', [4000])));
    for (const { id } of running) await bench.eventsOf(id, 'task-started');
    const held = await app.sendTask('w.add', [1, 1], { countdown: 3600 });
    const waiting = [];
    for (let n = 0; n < 6; n += 1) waiting.push(await app.sendTask('w.add', [n, 0]));
    await bench.eventsOf(waiting.at(-1)?.id ?? '', 'task-received');
    worker.child.kill(signal);
    await waitUntil('what had not started is back', async () => (await bench.waiting()) === 7, 5000);
    expect(worker.hasEnded).toBe(false);
    expect(await worker.ended()).toBe(code);
    expect(worker.output).toContain('worker: Warm shutdown (MainProcess)');
    for (const result of running) expect(await result.status()).toBe('SUCCESS');
    expect(bench.events.some(({ type }) => type === 'worker-offline')).toBe(true);
    expect(await unacked()).toBe(0);
    await bench.worker(...args);
    const order = await Promise.all(waiting.map((result) => result.get({ timeout: 10 })));
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    await held.revoke();
    await expect(held.get({ timeout: 10 })).rejects.toThrow('revoked');
  });

  it('on SIGQUIT ends running tasks: late-ack ones run again, early-ack ones fail', async () => {
    await bench.watch();
    const worker = await bench.worker('-E', ...args);
    const { app } = bench;
    const early = await app.sendTask('w.nap', [30_000]);
    const late = await app.sendTask<number>('w.late_nap', [1000, 7]);
    await bench.eventsOf(late.id, 'task-started');
    worker.child.kill('SIGQUIT');
    expect(await worker.ended()).toBe(0);
    await expect(early.get({ timeout: 5 })).rejects.toThrow(/cold shutdown/);
    await bench.worker(...args);
    expect(await late.get({ timeout: 10 })).toBe(7);
  });

  it('on a second SIGINT ends running tasks and exits 1', async () => {
    await bench.watch();
    const worker = await bench.worker('-E', ...args);
    const endless = await bench.app.sendTask('w.nap', [60_000]);
    await bench.eventsOf(endless.id, 'task-started');
    worker.child.kill('SIGINT');
    await worker.waitFor(/Hitting Ctrl\+C again will initiate cold shutdown/);
    // What npm and npx pass on a moment later is the same Ctrl-C, not a second one.
    worker.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(worker.hasEnded).toBe(false);
    worker.child.kill('SIGINT');
    expect(await worker.ended()).toBe(1);
    expect(worker.output).toContain('worker: Cold shutdown (MainProcess)');
  });

  it('loses no late-ack task when it is killed', async () => {
    const { app } = bench;
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, n) => app.sendTask<number>('w.late_nap', [50, n])),
    );
    for (let kill = 0; kill < 2; kill += 1) {
      const worker = await bench.worker(...args);
      await new Promise((resolve) => setTimeout(resolve, 200));
      worker.child.kill('SIGKILL');
      await worker.ended();
    }
    await bench.worker(...args);
    const values = await Promise.all(results.map((result) => result.get({ timeout: 20 })));
    expect(values).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  it('stops on the remote command with exit code 0', async () => {
    const worker = await bench.worker(...args);
    await bench.app.control.shutdown();
    expect(await worker.ended()).toBe(0);
    expect(worker.output).toContain('Got shutdown from remote');
  });
});

describe('a worker without its broker', () => {
  it('tries again until the broker is there', async () => {
    await bench.redis.stop();
    const worker = bench.launch('-P', 'async');
    await worker.waitFor(
      /consumer: Cannot connect to redis:.*\nTrying again in 2\.00 seconds\.\.\. \(1\/100\)/,
    );
    await bench.redis.restart();
    await worker.waitFor(/ ready\./);
    expect(await (await bench.app.sendTask('w.add', [1, 2])).get({ timeout: 10 })).toBe(3);
  });

  it('goes on when the broker went away and came back', async () => {
    const worker = await bench.worker('-P', 'async');
    await bench.redis.kill();
    await worker.waitFor(/Connection to broker lost.*Trying to re-establish the connection/);
    await bench.redis.restart();
    const result = await bench.app.sendTask('w.add', [1, 2]);
    expect(await result.get({ timeout: 15 })).toBe(3);
  });

  it('can be stopped while the broker is away, also when a task has just ended whose result nobody takes', async () => {
    const worker = await bench.worker('-P', 'async');
    const { id } = await bench.app.sendTask('w.nap', [1000]);
    await worker.waitFor(new RegExp(`w\\.nap\\[${id}\\] received`));
    await bench.redis.stop();
    await worker.waitFor(/Connection to broker lost/);
    const start = performance.now();
    worker.child.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(performance.now() - start).toBeLessThan(15_000);
    await bench.redis.restart();
  });

  it('gives up at the start after as many retries as told', async () => {
    await bench.redis.stop();
    const started = ['-1', '1'].map((limit) =>
      bench.launch('-P', 'async', `broker_connection_max_retries=${limit}`),
    );
    for (const [index, worker] of started.entries()) {
      expect(await worker.ended()).toBe(1);
      expect(worker.output.match(/Trying again in 2\.00 seconds\.\.\. \(1\/1\)/g) ?? []).toHaveLength(index);
      expect(worker.output).toMatch(/^Error: Cannot connect to redis:\S+: .*ECONNREFUSED.*\.$/m);
    }
    await bench.redis.restart();
  });

  it('gives up one that is lost, as told', async () => {
    const impatient = await bench.worker('-P', 'async', '-n', 'a@box', 'broker_connection_retry=false');
    const patient = await bench.worker('-P', 'async', '-n', 'b@box', 'broker_connection_max_retries=1');
    await bench.redis.kill();
    await impatient.waitFor(
      /CRITICAL.* has been disabled \(app\.conf\.broker_connection_retry=False\)\. Shutting down\.\.\./,
    );
    await patient.waitFor(/Trying to re-establish the connection\.\.\./);
    await patient.waitFor(/CRITICAL.*away for 2 seconds: broker_connection_max_retries is 1\. Shutting down/);
    expect(impatient.output).not.toContain('Trying to re-establish');
    await bench.redis.restart();
    expect([await impatient.ended(), await patient.ended()]).toEqual([1, 1]);
  });

  it('can be stopped while it waits for the broker', async () => {
    await bench.redis.stop();
    const worker = bench.launch('-P', 'async', 'broker_connection_max_retries=0');
    await worker.waitFor(/Trying again in 2\.00 seconds\.\.\. \(1\/∞\)/);
    worker.child.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    await bench.redis.restart();
  });
});

async function unacked(): Promise<number> {
  const [sample] = await (await bench.app.transport()).sampleQueues(['celery']);
  return sample?.unacked ?? 0;
}
