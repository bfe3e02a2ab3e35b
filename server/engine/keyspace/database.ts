import { wrongType } from '../resp/reply-error.ts';
import type { Blocking } from './blocking.ts';
import { type EffectArg, type EffectSink, Op, type OpCode } from './effect.ts';
import { type Entry, HashEntry, SetEntry, StringEntry } from './entry.ts';
import { ListEntry } from './list-entry.ts';
import type { Tracking } from './tracking.ts';
import { ZsetEntry } from './zset-entry.ts';

const KEY_OVERHEAD = 96;
const NO_ARGS: readonly EffectArg[] = [];

/** A transaction's watch on keys. */
export interface Watcher {
  isDirty: boolean;
}

/** What the databases share. */
export interface DatabaseHost {
  readonly blocking: Blocking;
  readonly tracking: Tracking;
  readonly sink: EffectSink | null;
  readonly isFrozen: boolean;
  usedBytes: number;
  expiredKeys: number;
  hasPassed(expiresAt: number): boolean;
}

/** One of the numbered databases: keys, when they expire and who watches. */
export class Database {
  readonly index: number;
  readonly host: DatabaseHost;
  readonly entries = new Map<string, Entry>();
  /** Keys that expire, oldest wish first. */
  readonly expiring = new Set<string>();
  readonly watching = new Map<string, Set<Watcher>>();

  constructor(host: DatabaseHost, index: number) {
    this.host = host;
    this.index = index;
  }

  /** The value, unless it has expired: then it is removed on the way. */
  find(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.expiresAt === 0 || !this.host.hasPassed(entry.expiresAt)) return entry;
    if (!this.host.isFrozen) {
      this.remove(key);
      this.host.expiredKeys += 1;
    }
    return undefined;
  }

  string(key: string): StringEntry | undefined {
    const entry = this.find(key);
    if (entry === undefined || entry instanceof StringEntry) return entry;
    throw wrongType();
  }

  list(key: string): ListEntry | undefined {
    const entry = this.find(key);
    if (entry === undefined || entry instanceof ListEntry) return entry;
    throw wrongType();
  }

  hash(key: string): HashEntry | undefined {
    const entry = this.find(key);
    if (entry === undefined || entry instanceof HashEntry) return entry;
    throw wrongType();
  }

  set(key: string): SetEntry | undefined {
    const entry = this.find(key);
    if (entry === undefined || entry instanceof SetEntry) return entry;
    throw wrongType();
  }

  zset(key: string): ZsetEntry | undefined {
    const entry = this.find(key);
    if (entry === undefined || entry instanceof ZsetEntry) return entry;
    throw wrongType();
  }

  /**
   * Puts a value under a key that is free. Not logged: the operation that fills it is.
   * A value moved here goes to the end of the map, where a snapshot in progress will still come past.
   */
  add(key: string, entry: Entry): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (entry.expiresAt !== 0) this.expiring.add(key);
    entry.counted = entry.bytes + key.length + KEY_OVERHEAD;
    this.host.usedBytes += entry.counted;
    if (entry instanceof ListEntry) this.host.blocking.signal(this.index, key);
  }

  /** Takes the value out without logging it. */
  take(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    if (entry.expiresAt !== 0) this.expiring.delete(key);
    this.host.usedBytes -= entry.counted;
    return entry;
  }

  /** Deletes a key; true when there was one. */
  remove(key: string): boolean {
    if (this.take(key) === undefined) return false;
    this.log(Op.Delete, key, undefined);
    this.touched(key);
    return true;
  }

  /** Deletes a collection that has become empty. Not logged: replaying the change empties it too. */
  dropIfEmpty(key: string, size: number): void {
    if (size === 0) this.take(key);
  }

  /** Sets when the key expires (0: never); false when it already was so. Not logged. */
  setExpiry(key: string, entry: Entry, expiresAt: number): void {
    if (expiresAt !== 0) this.expiring.add(key);
    else if (entry.expiresAt !== 0) this.expiring.delete(key);
    entry.expiresAt = expiresAt;
  }

  /** To be called after each change, by whoever made it. */
  changed(key: string, entry: Entry): void {
    const counted = entry.bytes + key.length + KEY_OVERHEAD;
    if (this.entries.get(key) === entry) this.host.usedBytes += counted - entry.counted;
    entry.counted = counted;
    this.touched(key);
  }

  touched(key: string): void {
    if (this.watching.size > 0) this.#dirty(key);
    const { tracking } = this.host;
    if (!tracking.isIdle) tracking.changed(key);
  }

  log(op: OpCode, key: string, entry: Entry | undefined, args: readonly EffectArg[] = NO_ARGS): void {
    this.host.sink?.append(op, this.index, key, entry, args);
  }

  /** Forgets every key. Not logged. */
  clear(): void {
    for (const entry of this.entries.values()) this.host.usedBytes -= entry.counted;
    for (const [key, watchers] of this.watching) {
      if (this.entries.has(key)) for (const watcher of watchers) watcher.isDirty = true;
    }
    this.entries.clear();
    this.expiring.clear();
  }

  #dirty(key: string): void {
    const watchers = this.watching.get(key);
    if (watchers === undefined) return;
    for (const watcher of watchers) watcher.isDirty = true;
  }
}
