import type { Database } from './database.ts';
import { Op } from './effect.ts';
import { ListEntry } from './list-entry.ts';

export type Side = 'LEFT' | 'RIGHT';

/** Adds elements at one end, one after the other; the new length. */
export function push(db: Database, key: string, side: Side, values: readonly Buffer[]): number {
  let list = db.list(key);
  if (list === undefined) {
    list = new ListEntry();
    db.add(key, list);
  }
  if (side === 'LEFT') for (const value of values) list.pushLeft(value);
  else for (const value of values) list.pushRight(value);
  db.log(side === 'LEFT' ? Op.PushLeft : Op.PushRight, key, list, values);
  db.changed(key, list);
  return list.length;
}

/** Takes one element; undefined when there is none. */
export function popOne(db: Database, key: string, list: ListEntry, side: Side): Buffer | undefined {
  const value = side === 'LEFT' ? list.popLeft() : list.popRight();
  if (value === undefined) return undefined;
  popped(db, key, list, side, 1);
  return value;
}

/** Takes up to `count` elements, the outermost first. */
export function pop(db: Database, key: string, list: ListEntry, side: Side, count: number): Buffer[] {
  const values: Buffer[] = [];
  while (values.length < count) {
    const value = side === 'LEFT' ? list.popLeft() : list.popRight();
    if (value === undefined) break;
    values.push(value);
  }
  if (values.length > 0) popped(db, key, list, side, values.length);
  return values;
}

function popped(db: Database, key: string, list: ListEntry, side: Side, count: number): void {
  db.log(side === 'LEFT' ? Op.PopLeft : Op.PopRight, key, list, [String(count)]);
  db.changed(key, list);
  db.dropIfEmpty(key, list.length);
}

/** `LMOVE`; undefined when the source is empty. The destination's type is checked before anything is taken. */
export function move(
  db: Database,
  source: string,
  destination: string,
  from: Side,
  to: Side,
): Buffer | undefined {
  const list = db.list(source);
  if (list === undefined) return undefined;
  db.list(destination);
  const value = popOne(db, source, list, from);
  if (value !== undefined) push(db, destination, to, [value]);
  return value;
}

/** False when the index is out of range. Negative indexes count from the right. */
export function setElement(
  db: Database,
  key: string,
  list: ListEntry,
  index: number,
  value: Buffer,
): boolean {
  if (!list.replace(index < 0 ? list.length + index : index, value)) return false;
  db.log(Op.ListSet, key, list, [String(index), value]);
  db.changed(key, list);
  return true;
}

/** `LREM`: from the left, or from the right when `count` is negative; all when 0. How many went. */
export function removeElements(
  db: Database,
  key: string,
  list: ListEntry,
  count: number,
  value: Buffer,
): number {
  let left = count === 0 ? Infinity : Math.abs(count);
  const keep = (item: Buffer): boolean => {
    if (left === 0 || !item.equals(value)) return true;
    left -= 1;
    return false;
  };
  const before = list.length;
  const values = list.slice(0, before);
  const kept = count < 0 ? values.reverse().filter(keep).reverse() : values.filter(keep);
  if (kept.length === before) return 0;
  list.assign(kept);
  db.log(Op.ListRemove, key, list, [String(count), value]);
  db.changed(key, list);
  db.dropIfEmpty(key, list.length);
  return before - kept.length;
}

/** `LTRIM`. A trim that takes off few elements at the right costs only those. */
export function trim(db: Database, key: string, list: ListEntry, start: number, stop: number): void {
  const [first, end] = range(start, stop, list.length);
  const before = list.length;
  if (first >= end) list.assign([]);
  else {
    for (let i = end; i < before; i += 1) list.popRight();
    for (let i = 0; i < first; i += 1) list.popLeft();
  }
  if (list.length !== before) db.log(Op.ListTrim, key, list, [String(start), String(stop)]);
  db.changed(key, list);
  db.dropIfEmpty(key, list.length);
}

/** `LINSERT`: the new length, -1 when the pivot is not there. */
export function insertBeside(
  db: Database,
  key: string,
  list: ListEntry,
  isBefore: boolean,
  pivot: Buffer,
  value: Buffer,
): number {
  const values = list.slice(0, list.length);
  const at = values.findIndex((item) => item.equals(pivot));
  if (at < 0) return -1;
  values.splice(isBefore ? at : at + 1, 0, value);
  list.assign(values);
  db.log(Op.ListInsert, key, list, [isBefore ? '1' : '0', pivot, value]);
  db.changed(key, list);
  return list.length;
}

/** Redis' inclusive range with negative indexes, as [start, end) within `length`. */
export function range(start: number, stop: number, length: number): [first: number, end: number] {
  const first = Math.max(0, start < 0 ? length + start : start);
  const last = Math.min(length - 1, stop < 0 ? length + stop : stop);
  return first > last || first >= length ? [0, 0] : [first, last + 1];
}
