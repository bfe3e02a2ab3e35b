import { FaultBench } from './fault-bench.ts';
import type { Verdict } from './ledger.ts';
import { ids } from './messages.ts';
import type { TestProcess } from './process.ts';
import { launchPythonFaults } from './python-faults.ts';
import { seededRandom } from './random.ts';

export interface MixedKills {
  readonly broker: string;
  readonly backend: string;
  readonly tasks: number;
  /** Half of them hit Python's worker. */
  readonly kills: number;
}

export interface MixedKillsResult extends Verdict {
  /** Lost tasks that one of ours had received. */
  readonly lostByOurs: readonly string[];
  /** Messages of a killed Python worker that ours put back. */
  readonly putBack: number;
  /** Tasks that Python's workers ran to their end. */
  readonly ranByPython: number;
}

const TASK_MS = 20;
/** Seconds after which ours take back what a Python worker died with; Celery's own default is an hour. */
const VISIBILITY_TIMEOUT = 4;

/**
 * A Python and a TypeScript worker share a queue of late-ack tasks and are killed in turn, without a word, while they
 * run and hold messages. Both write into the same books.
 *
 * kombu takes a message and books it in two steps (kombu #305): a Python worker that is killed between the two loses the
 * one message that it was taking, whatever stands beside it. Nothing of what Umbel's workers had may be lost.
 */
export async function killMixedWorkers({ tasks, kills, ...urls }: MixedKills): Promise<MixedKillsResult> {
  const random = seededRandom();
  const bench = new FaultBench({ ...urls, visibilityTimeout: VISIBILITY_TIMEOUT });
  const ours: TestProcess[] = [];
  const pythons: TestProcess[] = [];
  const startOurs = async (): Promise<TestProcess> => {
    const worker = await bench.worker();
    ours.push(worker);
    return worker;
  };
  const startPython = async (): Promise<TestProcess> => {
    const worker = launchPythonFaults({
      ...urls,
      ledger: bench.ledger.path,
      name: `py${pythons.length}@faults`,
      visibilityTimeout: VISIBILITY_TIMEOUT,
    });
    pythons.push(worker);
    await worker.waitFor(/ready\./, 30_000);
    return worker;
  };
  try {
    let [mine, python] = await Promise.all([startOurs(), startPython()]);
    for (let kill = 0; kill < kills; kill += 1) {
      const first = Math.floor((tasks * kill) / kills);
      const count = Math.floor((tasks * (kill + 1)) / kills) - first;
      await bench.send('f.late', ids(count, `k${kill}-`), TASK_MS);
      await new Promise((resolve) => setTimeout(resolve, 50 + random.below(150)));
      await (kill % 2 === 0 ? python : mine).stop('SIGKILL');
      if (kill % 2 === 0) python = await startPython();
      else mine = await startOurs();
    }
    await bench.quiet(tasks, 60_000);
    const verdict = bench.ledger.verdict();
    return {
      ...verdict,
      lostByOurs: verdict.lost.filter((id) => ours.some(({ output }) => output.includes(id))),
      putBack: sum(ours, /Put back (\d+) message/g),
      ranByPython: sum(pythons, /(succeeded) in /g),
    };
  } finally {
    await Promise.all(pythons.map((worker) => worker.stop('SIGKILL')));
    await bench.stop();
  }
}

/** Adds up what a pattern's group says in the outputs; a word counts one. */
function sum(processes: readonly TestProcess[], pattern: RegExp): number {
  let total = 0;
  for (const { output } of processes) {
    for (const [, found] of output.matchAll(pattern)) total += Number(found) || 1;
  }
  return total;
}
