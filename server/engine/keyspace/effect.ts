import type { Entry } from './entry.ts';

/**
 * What the log records: the change that a command made, never the command itself, so that replaying is exact whatever
 * the clock, the random numbers or the waiting clients were. The numbers are the file format: never reuse one.
 */
export const Op = {
  Noop: 0,
  Set: 1,
  SetExpiring: 2,
  SetKeepingExpiry: 3,
  Append: 4,
  Delete: 5,
  ExpireAt: 6,
  Persist: 7,
  PushLeft: 8,
  PushRight: 9,
  PopLeft: 10,
  PopRight: 11,
  ListSet: 12,
  ListRemove: 13,
  ListTrim: 14,
  ListInsert: 15,
  HashSet: 16,
  HashDelete: 17,
  SetAdd: 18,
  SetRemove: 19,
  ZsetAdd: 20,
  ZsetRemove: 21,
  Rename: 22,
  FlushDatabase: 23,
  FlushAll: 24,
} as const;

export type OpCode = (typeof Op)[keyof typeof Op];
/** Text is latin1. */
export type EffectArg = string | Buffer;

/** Where effects go, in the order they happen. */
export interface EffectSink {
  /** `entry` is the value that was changed; undefined when it is gone. */
  append(
    op: OpCode,
    database: number,
    key: string,
    entry: Entry | undefined,
    args: readonly EffectArg[],
  ): void;
}
