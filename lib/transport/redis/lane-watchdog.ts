const LOOK_EVERY_MS = 1_000;
/** Looks that find room and no fetch. More than a dead connection is given. */
const DEAF_AFTER_LOOKS = 12;

export interface WatchedLane {
  /** There is room for messages. */
  readonly hasRoom: () => boolean;
  /** Fetches that have ended. */
  readonly turns: () => number;
  readonly onDeaf: (reason: string) => void;
}

/** A lane that rests although there is room, for whatever reason, is a worker that is alive and deaf. */
export function watchLane({ hasRoom, turns, onDeaf }: WatchedLane): NodeJS.Timeout {
  let last = -1;
  let looks = 0;
  return setInterval(() => {
    const isDeaf = hasRoom() && turns() === last;
    last = turns();
    looks = isDeaf ? looks + 1 : 0;
    if (looks < DEAF_AFTER_LOOKS) return;
    looks = 0;
    onDeaf(`no message was looked for in ${DEAF_AFTER_LOOKS} s although there is room`);
  }, LOOK_EVERY_MS).unref();
}
