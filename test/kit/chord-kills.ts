import { chord } from '../../lib/index.ts';
import { FaultBench } from './fault-bench.ts';
import type { Verdict } from './ledger.ts';
import { ids } from './messages.ts';
import type { TestProcess } from './process.ts';
import { seededRandom } from './random.ts';
import { waitUntil } from './wait-until.ts';

export interface ChordKills {
  readonly broker: string;
  readonly backend: string;
  readonly members: number;
  readonly kills: number;
  /** Seconds. */
  readonly lease: number;
}

export interface ChordKillsResult extends Verdict {
  /** What the body returned: how many values it got. */
  readonly joined: unknown;
  readonly groupId: string;
}

const WORKERS = 2;
const TASK_MS = 10;

/** One chord of late-ack tasks, while workers are killed without a word and others take their place. */
export async function killWorkersInChord(options: ChordKills): Promise<ChordKillsResult> {
  const { members, kills, lease } = options;
  const random = seededRandom();
  const bench = new FaultBench(options);
  try {
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => bench.worker()));
    let spare: Promise<TestProcess> = bench.worker();
    const header = ids(members, 'm').map((id) =>
      bench.app.signature<string>('f.late', [id, TASK_MS], { taskId: id }),
    );
    const result = await chord(header, bench.app.signature<number>('f.joined', ['body'])).delay();
    for (const id of ids(members, 'm')) bench.ledger.accepted(id);
    for (let kill = 0; kill < kills; kill += 1) {
      const next = await spare;
      const due = Math.floor((members * kill) / kills);
      await waitUntil(`${due} have run`, () => bench.ledger.endedCount >= due, 60_000);
      await new Promise((resolve) => setTimeout(resolve, random.below(50)));
      const [victim] = workers.splice(random.below(WORKERS), 1, next);
      await victim?.stop('SIGKILL');
      if (kill < kills - 1) spare = bench.worker();
    }
    await bench.drained(members + 1, 60_000 + lease * 1000);
    const joined = await result.get({ timeout: 30 });
    return { ...bench.ledger.verdict(), joined, groupId: result.parent?.id ?? '' };
  } finally {
    await bench.stop();
  }
}
