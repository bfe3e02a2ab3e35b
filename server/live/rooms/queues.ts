import { nowSeconds } from '../../../lib/util/clock.ts';
import type { Room, RoomContext } from '../room.ts';

/** All queues, as often as they are measured. */
export function queuesRoom({ collector: { monitor } }: RoomContext): Room<'queues'> {
  return {
    everyMs: 1000,
    snapshot: async () => monitor.queues.rows(nowSeconds()),
    delta: () => monitor.queues.rows(nowSeconds()),
  };
}
