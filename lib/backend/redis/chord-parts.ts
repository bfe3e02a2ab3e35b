type Command = readonly [string, ...(string | number | Buffer)[]];

/** How the parts of a chord are kept under one key, for all who share the result backend in the same way. */
export interface ChordParts {
  /** Adds a part, by its place in the group if that is known. */
  add(key: string, part: string | Buffer, memberIndex: number | null): Command;
  count(key: string): Command;
  /** The command that reads a range of them. */
  readonly range: 'zrange' | 'lrange';
}

/** A sorted set, so that the body gets the values in the order of the group. */
const ORDERED: ChordParts = {
  add: (key, part, memberIndex) => ['zadd', key, memberIndex ?? '+inf', part],
  count: (key) => ['zcount', key, '-inf', '+inf'],
  range: 'zrange',
};

/** A list, in the order in which they come. */
const LISTED: ChordParts = {
  add: (key, part) => ['rpush', key, part],
  count: (key) => ['llen', key],
  range: 'lrange',
};

/** `result_chord_ordered` among `result_backend_transport_options`; on unless it says otherwise. */
export function chordParts(isOrdered: unknown): ChordParts {
  return isOrdered === undefined || isOrdered ? ORDERED : LISTED;
}
