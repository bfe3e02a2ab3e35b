import { nowSeconds } from '../../../lib/util/clock.ts';
import { workerDetail } from '../../collector/worker-detail.ts';
import type { Room, RoomContext } from '../room.ts';

/** One worker. While somebody looks, the worker itself is asked every two seconds. */
export function workerRoom({ collector }: RoomContext, name: string): Room<'worker'> {
  const { monitor, inspector } = collector;
  let isChanged = false;
  const unwatch = inspector.watch(name);
  const unlisten = inspector.listen((worker) => {
    if (worker === name) isChanged = true;
  });
  return {
    everyMs: 500,
    snapshot: async () => workerDetail(monitor, inspector, name, nowSeconds()),
    note: ({ workers }) => {
      if (workers.includes(name)) isChanged = true;
    },
    delta: () => {
      if (!isChanged) return undefined;
      isChanged = false;
      return workerDetail(monitor, inspector, name, nowSeconds()) ?? undefined;
    },
    close: () => {
      unwatch();
      unlisten();
    },
  };
}
