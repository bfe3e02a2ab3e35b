import type { TaskRequest } from '../protocol/task-message.ts';

/** Stamped values that are kept for each header; the oldest go. */
const MAX_VALUES = 10_000;
const MAX_HEADERS = 100;

/** Values of stamped headers whose tasks are revoked (celery/worker/state.py `revoked_stamps`). */
export class RevokedStamps {
  readonly #values = new Map<string, Set<string>>();

  get size(): number {
    return this.#values.size;
  }

  /** `{"batch": ["a", "b"]}`: every task stamped with batch `a` or `b`. */
  add(headers: ReadonlyMap<string, readonly unknown[]>): void {
    for (const [header, values] of headers) {
      const known = this.#values.get(header) ?? new Set();
      this.#values.delete(header);
      this.#values.set(header, known);
      for (const value of values) known.add(keyOf(value));
      dropOldest(known, MAX_VALUES);
    }
    dropOldest(this.#values, MAX_HEADERS);
  }

  /** The header by which a task is revoked: `batch: a`; null when it is not. */
  match(request: TaskRequest): string | null {
    for (const [header, value] of stampsOf(request)) {
      const revoked = this.#values.get(header);
      if (revoked && listOf(value).some((one) => revoked.has(keyOf(one)))) return header;
    }
    return null;
  }
}

/** The values by which a task matches `headers`, by header; empty when it does not. */
export function matchingStamps(
  request: TaskRequest,
  headers: ReadonlyMap<string, readonly unknown[]>,
): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  for (const [header, value] of stampsOf(request)) {
    const wanted = new Set((headers.get(header) ?? []).map(keyOf));
    const values = listOf(value).filter((one) => wanted.has(keyOf(one)));
    if (values.length > 0) found.set(header, values);
  }
  return found;
}

/** A value or a list of them, as a list. */
export function listOf(value: unknown): unknown[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function stampsOf({ headers }: TaskRequest): [string, unknown][] {
  const { stamps, stamped_headers: names } = headers;
  if (stamps === null || typeof stamps !== 'object' || !Array.isArray(names)) return [];
  return names
    .map(String)
    .map((name) => [name, Object.hasOwn(stamps, name) ? Reflect.get(stamps, name) : null]);
}

/** Numbers and texts differ, as in Python: `1` is not `"1"`. */
function keyOf(value: unknown): string {
  return typeof value === 'string' ? `s${value}` : `j${JSON.stringify(value)}`;
}

function dropOldest(
  keyed: { size: number; keys(): Iterator<string>; delete(key: string): boolean },
  max: number,
): void {
  while (keyed.size > max) keyed.delete(String(keyed.keys().next().value));
}
