import { FaultBench } from './fault-bench.ts';
import type { Verdict } from './ledger.ts';
import { ids } from './messages.ts';
import { startRedis } from './redis-server.ts';
import { waitUntil } from './wait-until.ts';

export interface FrozenResult extends Verdict {
  /** Sends during the freeze that were refused, and the longest time that one of them took, in seconds. */
  readonly refused: number;
  readonly longestRefusal: number;
  /** The worker that was there before is there after. */
  readonly isWorkerAlive: boolean;
}

/** Redis stops answering for so many seconds while a worker runs tasks and a client sends more, then goes on. */
export async function freezeBroker(seconds: number): Promise<FrozenResult> {
  const redis = await startRedis();
  const bench = new FaultBench({ broker: redis.url(0), backend: redis.url(1), lease: 10 });
  try {
    const worker = await bench.worker();
    await bench.send('f.late', ids(300), 20);
    await waitUntil('some have run', () => bench.ledger.endedCount > 10, 10_000);
    process.kill(redis.pid, 'SIGSTOP');
    const frozenUntil = performance.now() + seconds * 1000;
    let refused = 0;
    let longestRefusal = 0;
    while (performance.now() < frozenUntil) {
      const sentAt = performance.now();
      // Not in the books: whether it arrived is not known.
      await bench.app.sendTask('f.late', [`frozen${refused}`, 1]).catch(() => {
        refused += 1;
        longestRefusal = Math.max(longestRefusal, (performance.now() - sentAt) / 1000);
      });
    }
    process.kill(redis.pid, 'SIGCONT');
    const sendAgain = () =>
      bench.send('f.late', ['thawed'], 1).then(
        () => true,
        () => false,
      );
    await waitUntil('sending works again', sendAgain, 30_000);
    await waitUntil('all have run', () => bench.ledger.verdict().lost.length === 0, 60_000);
    return { ...bench.ledger.verdict(), refused, longestRefusal, isWorkerAlive: !worker.hasEnded };
  } finally {
    await bench.stop();
    await redis.stop();
  }
}
