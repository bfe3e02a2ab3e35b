import { fitsInt64, parseBigInteger } from '../resp/numbers.ts';
import { notInteger, ReplyError } from '../resp/reply-error.ts';
import type { Database } from './database.ts';
import { Op } from './effect.ts';
import { type Entry, StringEntry } from './entry.ts';

const LONGEST = 512 * 1024 * 1024;

/** `SET`: whatever was there is replaced. `expiresAt` in milliseconds since the epoch, 0: never. */
export function setString(db: Database, key: string, value: Buffer, expiresAt = 0): void {
  const old = db.entries.get(key);
  const entry = old instanceof StringEntry ? old : replaceEntry(db, key, new StringEntry(value));
  entry.value = value;
  if (entry.expiresAt !== expiresAt) db.setExpiry(key, entry, expiresAt);
  if (expiresAt === 0) db.log(Op.Set, key, entry, [value]);
  else db.log(Op.SetExpiring, key, entry, [value, String(expiresAt)]);
  db.changed(key, entry);
}

/** Changes the value and leaves the expiry as it is. */
export function setKeepingExpiry(db: Database, key: string, value: Buffer): void {
  const old = db.find(key);
  const entry =
    old instanceof StringEntry ? old : replaceEntry(db, key, new StringEntry(value), old?.expiresAt);
  entry.value = value;
  db.log(Op.SetKeepingExpiry, key, entry, [value]);
  db.changed(key, entry);
}

export function appendString(db: Database, key: string, value: Buffer): number {
  const old = db.string(key);
  if (old === undefined) {
    setString(db, key, value);
    return value.length;
  }
  if (old.value.length + value.length > LONGEST) {
    throw new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
  }
  old.value = Buffer.concat([old.value, value]);
  db.log(Op.Append, key, old, [value]);
  db.changed(key, old);
  return old.value.length;
}

/** Adds to a 64-bit integer kept as text. */
export function incrementBy(db: Database, key: string, amount: bigint): bigint {
  const old = db.string(key);
  if (old !== undefined && old.value.length > 20) throw notInteger();
  const sum = (old === undefined ? 0n : parseBigInteger(old.value.toString('latin1'))) + amount;
  if (!fitsInt64(sum)) throw new ReplyError('ERR increment or decrement would overflow');
  setKeepingExpiry(db, key, Buffer.from(String(sum), 'latin1'));
  return sum;
}

/** Puts an entry in the place of whatever was there. */
export function replaceEntry<T extends Entry>(db: Database, key: string, entry: T, expiresAt = 0): T {
  db.take(key);
  entry.expiresAt = expiresAt;
  db.add(key, entry);
  return entry;
}
