import type { DeltaMessage, RoomName, Rooms } from '../../lib/contract/live.ts';
import type { Changes } from '../../lib/monitor/monitor.ts';
import type { Room } from './room.ts';

/**
 * One room and its sequence of deltas. Between the start of a snapshot and its end no delta is taken, so that a
 * snapshot with its number and the deltas after it are without gap; those who ask at the same time share a snapshot.
 */
export class RoomHost {
  readonly key: string;
  readonly viewers = new Set<string>();
  readonly #room: Room;
  #seq = 0;
  #sentAt = 0;
  #snapshot: Promise<Rooms[RoomName]['snapshot']> | null = null;
  #isTaking = false;

  constructor(key: string, room: Room) {
    this.key = key;
    this.#room = room;
  }

  note(changes: Changes): void {
    this.#room.note?.(changes);
  }

  /** A snapshot and the number of the last delta it contains. */
  async snapshot(): Promise<{ seq: number; snapshot: Rooms[RoomName]['snapshot'] }> {
    this.#snapshot ??= this.#room.snapshot();
    const shared = this.#snapshot;
    try {
      return { snapshot: await shared, seq: this.#seq };
    } finally {
      if (this.#snapshot === shared) this.#snapshot = null;
    }
  }

  /** The next delta when it is time for one and something changed. */
  async take(now: number): Promise<DeltaMessage | null> {
    if (this.#isTaking || this.#snapshot !== null || now - this.#sentAt < this.#room.everyMs) return null;
    this.#isTaking = true;
    try {
      const data = await this.#room.delta();
      if (data === undefined) return null;
      this.#sentAt = now;
      this.#seq += 1;
      return { key: this.key, seq: this.#seq, data };
    } finally {
      this.#isTaking = false;
    }
  }

  close(): void {
    this.#room.close?.();
  }
}
