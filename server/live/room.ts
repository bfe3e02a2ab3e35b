import type { RoomName, Rooms } from '../../lib/contract/live.ts';
import type { Changes } from '../../lib/monitor/monitor.ts';
import type { Collector } from '../collector/collector.ts';

/** What rooms show and where it comes from. */
export interface RoomContext {
  readonly collector: Collector;
  readonly version: string;
  readonly isReadOnly: boolean;
}

/** One open room: there is one for each thing looked at, shared by all who look at it. */
export interface Room<R extends RoomName = RoomName> {
  /** Shortest time between two deltas in milliseconds. */
  readonly everyMs: number;
  snapshot(): Promise<Rooms[R]['snapshot']>;
  /** What came since the last call; undefined when nothing did. */
  delta(): Rooms[R]['delta'] | undefined | Promise<Rooms[R]['delta'] | undefined>;
  note?(changes: Changes): void;
  /** The last viewer left. */
  close?(): void;
}
