import type { WorkersDelta } from '../../../lib/contract/live.ts';
import { nowSeconds } from '../../../lib/util/clock.ts';
import type { Room, RoomContext } from '../room.ts';

/** All workers; those that changed are told twice a second. */
export function workersRoom({ collector: { monitor } }: RoomContext): Room<'workers'> {
  let changed = new Set<string>();
  return {
    everyMs: 500,
    snapshot: async () => monitor.workerRows(nowSeconds()),
    note: ({ workers }) => {
      for (const name of workers) changed.add(name);
    },
    delta: (): WorkersDelta | undefined => {
      if (changed.size === 0) return undefined;
      const names = [...changed];
      changed = new Set();
      const now = nowSeconds();
      const known = names.flatMap((name) => monitor.workers.get(name) ?? []);
      return {
        changed: known.map((worker) => monitor.workerRow(worker, now)),
        removed: names.filter((name) => !monitor.workers.get(name)),
      };
    },
  };
}
