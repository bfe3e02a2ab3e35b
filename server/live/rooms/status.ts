import type { Room, RoomContext } from '../room.ts';

/** Health of the dashboard: told every second. */
export function statusRoom({ collector, version, isReadOnly }: RoomContext): Room<'status'> {
  return {
    everyMs: 1000,
    snapshot: async () => collector.status(version, isReadOnly),
    delta: () => collector.status(version, isReadOnly),
  };
}
