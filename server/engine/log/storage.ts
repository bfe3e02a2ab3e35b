import type { EffectSink } from '../keyspace/effect.ts';
import type { Committable } from '../resp/connection.ts';

/** Keeps what the keyspace does. */
export interface Storage {
  /** Takes the changes; null when nothing is kept. */
  readonly sink: EffectSink | null;
  /** Number of the batch that is being filled. */
  readonly openBatch: number;
  /** The last batch that is on disk. */
  readonly durableBatch: number;
  /** Counts changes. */
  readonly effects: number;
  /** Why writes are refused now; null when they are not. */
  readonly refusal: string | null;
  /** Size of the log in bytes. */
  readonly size: number;
  /** Between two commands: a record may end here. */
  mark(): void;
  /** Tells `waiter` when more batches are on disk, or that they never will be. */
  awaitCommit(waiter: Committable): void;
  /** Changes that are not being written yet, in bytes. */
  readonly backlog: number;
  /** Waits until everything is on disk, or cannot be. */
  drain(): Promise<void>;
  /** Loads what is there and gets ready to write. */
  open(): Promise<void>;
  /** Writes what is left. */
  close(): Promise<void>;
}

/** Keeps nothing: data lives as long as the engine. */
export class NoStorage implements Storage {
  readonly sink = null;
  readonly openBatch = 0;
  readonly durableBatch = 0;
  readonly effects = 0;
  readonly refusal = null;
  readonly size = 0;
  readonly backlog = 0;

  mark(): void {}

  awaitCommit(): void {}

  async open(): Promise<void> {}

  async drain(): Promise<void> {}

  async close(): Promise<void> {}
}
