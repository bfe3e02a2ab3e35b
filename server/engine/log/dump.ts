import { type EffectArg, Op, type OpCode } from '../keyspace/effect.ts';
import { type Entry, HashEntry, SetEntry, StringEntry } from '../keyspace/entry.ts';
import { ListEntry } from '../keyspace/list-entry.ts';
import { ZsetEntry } from '../keyspace/zset-entry.ts';
import type { FrameBuffer } from './frame-buffer.ts';

const CHUNK_ITEMS = 512;
const CHUNK_BYTES = 64 * 1024;

/**
 * Writes the effects that make `entry` as it is now; pauses after each chunk. What it holds is copied at the first
 * step (references only), so that later changes do not matter.
 */
export function* dumpEntry(out: FrameBuffer, database: number, key: string, entry: Entry): Generator<void> {
  const { expiresAt } = entry;
  if (entry instanceof StringEntry) {
    out.append(Op.Set, database, key, [entry.value]);
  } else {
    const { op, args, step } = collectionArgs(entry);
    yield* chunks(args, step, (part) => out.append(op, database, key, part));
  }
  if (expiresAt !== 0) out.append(Op.ExpireAt, database, key, [String(expiresAt)]);
}

interface CollectionArgs {
  op: OpCode;
  args: EffectArg[];
  /** Arguments that belong together. */
  step: number;
}

function collectionArgs(entry: Entry): CollectionArgs {
  if (entry instanceof ListEntry) return { op: Op.PushRight, args: entry.slice(0, entry.length), step: 1 };
  if (entry instanceof SetEntry) return { op: Op.SetAdd, args: [...entry.members], step: 1 };
  const args: EffectArg[] = [];
  if (entry instanceof HashEntry) {
    for (const [field, value] of entry.fields) args.push(field, value);
    return { op: Op.HashSet, args, step: 2 };
  }
  if (entry instanceof ZsetEntry) {
    for (const [member, score] of entry.scores) args.push(String(score), member);
    return { op: Op.ZsetAdd, args, step: 2 };
  }
  throw new TypeError(`no way to write a ${entry.type}`);
}

function* chunks(
  args: readonly EffectArg[],
  step: number,
  write: (part: readonly EffectArg[]) => void,
): Generator<void> {
  let part: EffectArg[] = [];
  let bytes = 0;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i];
    if (arg === undefined) continue;
    part.push(arg);
    bytes += arg.length;
    const isWhole = (i + 1) % step === 0;
    if (isWhole && (part.length >= CHUNK_ITEMS || bytes >= CHUNK_BYTES)) {
      write(part);
      part = [];
      bytes = 0;
      yield;
    }
  }
  if (part.length > 0) write(part);
}
