import { UmbelError } from '../../lib/contract/errors.ts';
import { FaultBench } from './fault-bench.ts';
import { FaultProxy } from './fault-proxy.ts';
import type { Verdict } from './ledger.ts';
import { ids } from './messages.ts';
import type { RabbitmqServer } from './rabbitmq-server.ts';
import { seededRandom } from './random.ts';
import type { RedisServer } from './redis-server.ts';
import type { Vhost } from './shared-rabbitmq.ts';
import { waitUntil } from './wait-until.ts';

/** Messages of a queue, waiting or not settled, as the management API counts them. */
export function heldOn({
  request,
  name,
}: Pick<Vhost, 'request' | 'name'>): (queue: string) => Promise<number> {
  return async (queue) => {
    const found = await request('GET', `queues/${encodeURIComponent(name)}/${queue}`);
    const isCounted = found !== null && typeof found === 'object' && 'messages' in found;
    return isCounted ? Number(found.messages) : Number.POSITIVE_INFINITY;
  };
}

export interface Restarts {
  readonly server: RabbitmqServer;
  readonly redis: RedisServer;
  readonly restarts: number;
  readonly tasksPerRestart: number;
}

export interface RestartsResult extends Verdict {
  /** For each restart: milliseconds from the broker's return until a task ended. */
  readonly recoveriesMs: readonly number[];
}

/** Kills the broker under load, again and again; the client keeps at it until each task is accepted. */
export async function restartBroker(options: Restarts): Promise<RestartsResult> {
  const { server, redis, restarts, tasksPerRestart } = options;
  const random = seededRandom();
  const bench = new FaultBench({
    broker: server.url(),
    backend: redis.url(),
    // Asked when all have run: what is not settled then would run again.
    held: async () => 0,
  });
  const recoveriesMs: number[] = [];
  try {
    await bench.worker();
    for (let restart = 0; restart < restarts; restart += 1) {
      const sending = insist(bench, ids(tasksPerRestart, `r${restart}-`));
      await new Promise((resolve) => setTimeout(resolve, 100 + random.below(300)));
      await server.kill();
      await server.restart();
      const backAt = performance.now();
      const ended = bench.ledger.endedCount;
      await waitUntil('tasks run again', () => bench.ledger.endedCount > ended, 60_000);
      recoveriesMs.push(performance.now() - backAt);
      await sending;
    }
    await bench.drained(restarts * tasksPerRestart, 90_000);
    return { ...bench.ledger.verdict(), recoveriesMs };
  } finally {
    await bench.stop();
  }
}

/** Sends each until it is accepted: the broker may be away for longer than a publish waits. */
async function insist(bench: FaultBench, names: readonly string[]): Promise<void> {
  for (const id of names) {
    for (;;) {
      try {
        await bench.send('f.late', [id], 5);
        break;
      } catch (error) {
        if (!(error instanceof UmbelError && error.code === 'unavailable')) throw error;
      }
    }
  }
}

export interface Resets {
  readonly vhost: Vhost;
  readonly redis: RedisServer;
  readonly tasks: number;
  readonly resets: number;
}

/** Resets every connection of the workers at random points while tasks run. */
export async function resetConnections({ vhost, redis, tasks, resets }: Resets): Promise<Verdict> {
  const random = seededRandom();
  const proxy = new FaultProxy(vhost.port);
  await proxy.start();
  const bench = new FaultBench({
    broker: vhost.url,
    workerBroker: vhost.url.replace(`:${vhost.port}/`, `:${proxy.port}/`),
    backend: redis.url(),
    held: heldOn(vhost),
  });
  try {
    const worker = await bench.worker('-P', 'async', '-c', '10');
    const sending = bench.send('f.late', ids(tasks), 2);
    for (let reset = 0; reset < resets; reset += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50 + random.below(100)));
      if (random.below(2) === 0) proxy.cutAfter(1 + random.below(2000));
      else proxy.reset();
      if (worker.hasEnded) throw new Error(`The worker ended:\n${worker.output.slice(-4000)}`);
    }
    await sending;
    await bench.drained(tasks, 120_000);
    return bench.ledger.verdict();
  } finally {
    await bench.stop();
    await proxy.stop();
  }
}
