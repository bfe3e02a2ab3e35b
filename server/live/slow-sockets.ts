/** The part of a socket that tells whether what was sent has left the process. */
export interface Viewer {
  readonly id: string;
  readonly conn: { readonly transport: { readonly writable: boolean } };
  join(room: string): unknown;
  leave(room: string): unknown;
  disconnect(close: boolean): unknown;
}

/** Rounds that a viewer may lag; a long-polling one has no open request for a moment now and then. */
const PATIENCE = 3;

/**
 * Finds viewers that do not keep up. While one is slow it is in the room `SLOW`, which deltas leave out: it misses
 * some, sees the gap and asks for a snapshot once it is back. One that stays slow is cut. So what waits for a stalled
 * viewer never grows.
 */
export class SlowSockets {
  static readonly ROOM = ' slow';
  readonly #rounds = new Map<string, number>();
  readonly #maxRounds: number;

  /** `maxRounds`: calls of `check` after which a stalled viewer is cut. */
  constructor(maxRounds: number) {
    this.#maxRounds = maxRounds;
  }

  check(viewers: Iterable<Viewer>): void {
    for (const viewer of viewers) {
      const rounds = viewer.conn.transport.writable ? 0 : (this.#rounds.get(viewer.id) ?? 0) + 1;
      if (rounds === PATIENCE) viewer.join(SlowSockets.ROOM);
      if (rounds === 0 && this.#rounds.delete(viewer.id)) viewer.leave(SlowSockets.ROOM);
      if (rounds > 0) this.#rounds.set(viewer.id, rounds);
      if (rounds > this.#maxRounds) viewer.disconnect(true);
    }
  }

  forget(id: string): void {
    this.#rounds.delete(id);
  }
}
