import { MAX_DEPTH } from '../plain.ts';
import { PickleMachine } from './machine.ts';
import { PickledCall, PickledDict, PickledName } from './nodes.ts';
import { readObject } from './objects.ts';
import { refused } from './refused.ts';

/**
 * A pickle may name one part in many places. What it unfolds to may have so many values and characters more than the
 * pickle has bytes.
 */
const SPARE = 16 * 1024 * 1024;

/**
 * The value of a pickle, as long as it is data: None, bool, int, float, str, bytes, list, tuple, set, dict, datetime, date,
 * time, timedelta, Decimal, UUID and Celery's results (as tuples `[[id, parent], members]`). Tuples and sets become arrays,
 * dicts objects with keys as JSON has them. Nothing is imported or called: a class is a name in a list (objects.ts).
 * Throws `UmbelError('bad_message')` for any other class, for broken pickles, cycles and nesting deeper than 1000.
 */
export function decodePickle(bytes: Uint8Array): unknown {
  return new Plain(bytes.length + SPARE).of(new PickleMachine(bytes).run(), 0);
}

/** Turns what the machine built into plain values, and counts. */
class Plain {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  of(value: unknown, depth: number): unknown {
    this.#spend(sizeOf(value));
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (depth >= MAX_DEPTH) throw refused(`it contains itself, or is nested deeper than ${MAX_DEPTH}`);
    if (Array.isArray(value)) return value.map((item: unknown) => this.of(item, depth + 1));
    if (value instanceof PickledDict) return this.#object(value, depth);
    if (value instanceof PickledCall) {
      const args = value.args.map((item) => this.of(item, depth + 1));
      return readObject(value.name, args, this.of(value.state, depth + 1));
    }
    const name = value instanceof PickledName ? value.name : 'an unknown thing';
    return readObject(name, null, null);
  }

  #object({ entries }: PickledDict, depth: number): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    for (const [key, item] of entries) {
      const name = keyOf(key);
      this.#spend(name.length);
      if (name !== '__proto__') members[name] = this.of(item, depth + 1);
    }
    return members;
  }

  #spend(amount: number): void {
    this.#left -= amount;
    if (this.#left < 0) throw refused('it unfolds to too much');
  }
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' || value instanceof Uint8Array ? 1 + value.length : 1;
}

/** As Python's json writes keys. */
function keyOf(key: unknown): string {
  if (typeof key === 'string') return key;
  if (key === null || typeof key === 'number' || typeof key === 'boolean' || typeof key === 'bigint') {
    return String(key);
  }
  throw refused('a key of a dict is no text');
}
