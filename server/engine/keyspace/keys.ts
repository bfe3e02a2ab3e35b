import type { Database } from './database.ts';
import { Op } from './effect.ts';
import type { Entry } from './entry.ts';

/** Sets when a key expires; a time that has passed deletes it. `expiresAt` in milliseconds since the epoch. */
export function expireAt(db: Database, key: string, entry: Entry, expiresAt: number): void {
  if (db.host.hasPassed(expiresAt - 1)) {
    db.remove(key);
    return;
  }
  db.setExpiry(key, entry, expiresAt);
  db.log(Op.ExpireAt, key, entry, [String(expiresAt)]);
  db.changed(key, entry);
}

/** Takes the expiry away; false when there was none. */
export function persist(db: Database, key: string, entry: Entry): boolean {
  if (entry.expiresAt === 0) return false;
  db.setExpiry(key, entry, 0);
  db.log(Op.Persist, key, entry);
  db.changed(key, entry);
  return true;
}

/** Moves a value with its expiry over whatever is at `to`. */
export function rename(db: Database, from: string, to: string): void {
  const entry = db.entries.get(from);
  if (entry === undefined || from === to) return;
  db.take(from);
  db.take(to);
  db.add(to, entry);
  db.log(Op.Rename, from, entry, [to]);
  db.touched(from);
  db.touched(to);
}
