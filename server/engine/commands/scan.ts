import { compileGlob, type Matcher } from '../glob.ts';
import type { EntryType } from '../keyspace/entry.ts';
import type { Args } from '../resp/args.ts';
import { ReplyError, syntaxError } from '../resp/reply-error.ts';

const TYPES: readonly EntryType[] = ['string', 'list', 'hash', 'set', 'zset'];
const CURSORS_MAX = 1000;

export interface ScanOptions {
  cursor: number;
  count: number;
  matches: Matcher;
  /** Undefined: any. */
  type: string | undefined;
}

/** Reads `cursor [MATCH pattern] [COUNT n] [TYPE t]`, the cursor being argument `first`. */
export function parseScan(args: Args, first: number, hasType = false): ScanOptions {
  const cursorText = args.str(first);
  if (!/^[0-9]{1,19}$/.test(cursorText)) throw new ReplyError('ERR invalid cursor');
  const options: ScanOptions = {
    cursor: Number(cursorText),
    count: 10,
    matches: () => true,
    type: undefined,
  };
  for (let i = first + 1; i < args.length; i += 2) {
    const word = args.word(i);
    if (i + 1 >= args.length) throw syntaxError();
    if (word === 'MATCH') options.matches = compileGlob(args.str(i + 1));
    else if (word === 'COUNT') {
      options.count = args.int(i + 1);
      if (options.count < 1) throw syntaxError();
    } else if (word === 'TYPE' && hasType) options.type = scanType(args.str(i + 1));
    else throw syntaxError();
  }
  return options;
}

/** An unknown type matches nothing. */
function scanType(text: string): string {
  const lower = text.toLowerCase();
  return TYPES.find((type) => type === lower) ?? 'none';
}

export interface ScanPage {
  names: string[];
  /** Cursor of the next page; 0 at the end. */
  next: number;
}

interface OpenScan {
  source: object;
  names: Iterator<string>;
}

/**
 * Pages through the names of a collection that changes meanwhile. A cursor is a live iterator, so every name that
 * stays throughout is seen once. The oldest of more than a thousand open cursors is dropped; going on from a dropped
 * one begins again, which the contract of SCAN allows (elements may come twice).
 */
export class Scanner {
  readonly #open = new Map<number, OpenScan>();
  #last = 0;

  page(source: ReadonlyMap<string, unknown> | ReadonlySet<string>, cursor: number, count: number): ScanPage {
    const known = this.#open.get(cursor);
    this.#open.delete(cursor);
    const scan = known?.source === source ? known : { source, names: source.keys() };
    const names: string[] = [];
    while (names.length < count) {
      const next = scan.names.next();
      if (next.done === true) return { names, next: 0 };
      names.push(next.value);
    }
    this.#last += 1;
    this.#open.set(this.#last, scan);
    this.#trim();
    return { names, next: this.#last };
  }

  #trim(): void {
    if (this.#open.size <= CURSORS_MAX) return;
    const oldest = this.#open.keys().next();
    if (oldest.done !== true) this.#open.delete(oldest.value);
  }
}
