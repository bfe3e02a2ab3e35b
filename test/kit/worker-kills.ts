import { FaultBench } from './fault-bench.ts';
import type { Verdict } from './ledger.ts';
import { ids } from './messages.ts';
import type { TestProcess } from './process.ts';
import { seededRandom } from './random.ts';

export interface WorkerKills {
  readonly broker: string;
  readonly backend: string;
  /** As the bench has it. */
  readonly held?: (queue: string) => Promise<number>;
  readonly tasks: number;
  readonly kills: number;
  /** Seconds. */
  readonly lease: number;
}

export interface WorkerKillsResult extends Verdict {
  /** Seconds from the last kill to the end of the last task. */
  readonly recoverySeconds: number;
}

const WORKERS = 2;
const TASK_MS = 20;

/**
 * Two workers with two processes each run late-ack tasks of 20 ms. Again and again one of them is killed without a
 * word while tasks run and wait, and another takes its place.
 */
export async function killWorkers(options: WorkerKills): Promise<WorkerKillsResult> {
  const { tasks, kills, lease } = options;
  const random = seededRandom();
  const bench = new FaultBench(options);
  try {
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => bench.worker()));
    let spare: Promise<TestProcess> = bench.worker();
    for (let kill = 0; kill < kills; kill += 1) {
      const first = Math.floor((tasks * kill) / kills);
      const count = Math.floor((tasks * (kill + 1)) / kills) - first;
      const next = await spare;
      await bench.send('f.late', ids(count, `k${kill}-`), TASK_MS);
      await new Promise((resolve) => setTimeout(resolve, random.below(100)));
      const [victim] = workers.splice(random.below(WORKERS), 1, next);
      await victim?.stop('SIGKILL');
      // Not earlier: what starts takes the processor from those whose last words are measured.
      if (kill < kills - 1) spare = bench.worker();
    }
    const killedAt = Date.now();
    await bench.drained(tasks, 30_000 + lease * 1000);
    const verdict = bench.ledger.verdict();
    return { ...verdict, recoverySeconds: (verdict.lastEndAt - killedAt) / 1000 };
  } finally {
    await bench.stop();
  }
}
