import type { OverviewRange } from '../../../lib/contract/live.ts';
import type { Overview } from '../../../lib/contract/records.ts';
import { nowSeconds } from '../../../lib/util/clock.ts';
import type { Room, RoomContext } from '../room.ts';

/** The overview of one range: built every second for all who look at it. */
export function overviewRoom({ collector }: RoomContext, range: OverviewRange): Room<'overview'> {
  const build = async (): Promise<Overview> => {
    const { byState } = await collector.reader.counts({});
    return collector.monitor.overview(range, byState, nowSeconds());
  };
  return { everyMs: 1000, snapshot: build, delta: build };
}
