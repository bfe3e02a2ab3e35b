import { Blocking } from './blocking.ts';
import { Database, type DatabaseHost } from './database.ts';
import { type EffectSink, Op } from './effect.ts';
import { ListEntry } from './list-entry.ts';
import { Tracking } from './tracking.ts';

export const DATABASES = 16;

/** All data of the engine, and who is to be told of changes. */
export class Keyspace implements DatabaseHost {
  readonly databases: readonly Database[];
  readonly blocking: Blocking;
  readonly tracking = new Tracking();
  /** The log; null when data is kept in memory only, or while it is being loaded. */
  sink: EffectSink | null = null;
  /** While the log is replayed nothing expires: its own deletions follow. */
  isLoading = false;
  /** Nothing may change for now: what has expired is hidden but stays. */
  isFrozen = false;
  /** Estimate of the memory that keys and values take. */
  usedBytes = 0;
  expiredKeys = 0;

  constructor() {
    this.blocking = new Blocking(DATABASES, (index, key) => {
      const entry = this.databases[index]?.find(key);
      return entry instanceof ListEntry ? entry : undefined;
    });
    this.databases = Array.from({ length: DATABASES }, (_, index) => new Database(this, index));
  }

  database(index: number): Database {
    const database = this.databases[index];
    if (database === undefined) throw new RangeError(`no database ${index}`);
    return database;
  }

  hasPassed(expiresAt: number): boolean {
    return !this.isLoading && Date.now() > expiresAt;
  }

  flushDatabase(database: Database): void {
    database.clear();
    this.sink?.append(Op.FlushDatabase, database.index, '', undefined, []);
    this.tracking.flushed();
  }

  flushAll(): void {
    this.clear();
    this.sink?.append(Op.FlushAll, 0, '', undefined, []);
    this.tracking.flushed();
  }

  /** Forgets everything without logging it. */
  clear(): void {
    for (const database of this.databases) database.clear();
  }

  /** Forgets everything, and has everybody who relies on it look again. */
  reset(): void {
    for (const { watching } of this.databases) {
      for (const watchers of watching.values()) for (const watcher of watchers) watcher.isDirty = true;
    }
    this.clear();
    this.tracking.flushed();
  }
}
