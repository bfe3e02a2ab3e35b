import { UmbelError } from '../contract/errors.ts';
import { endOfString } from './json-depth.ts';

const TOKEN =
  /[ \t\n\r]*(?:(")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))|(-?Infinity|NaN|true|false|null)|([[\]{},:]))/y;

const WORDS: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  null: null,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/**
 * A JSON reader for what `JSON.parse` refuses or rounds: NaN, Infinity, and integers beyond 2^53, which become
 * `bigint`. Slower, so it is only used when needed. Throws `UmbelError('bad_message')` with the place.
 */
export function parseJsonText(text: string, maxDepth: number): unknown {
  const reader = new Reader(text, maxDepth);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  value(depth: number): unknown {
    const token = this.#next();
    if (token === '[') return this.#array(depth);
    if (token === '{') return this.#object(depth);
    return this.#scalar(token);
  }

  end(): void {
    if (this.#text.slice(this.#at).trim() !== '') this.#fail();
  }

  #array(depth: number): unknown[] {
    this.#checkDepth(depth);
    const items: unknown[] = [];
    if (this.#peek() === ']') {
      this.#next();
      return items;
    }
    for (;;) {
      items.push(this.value(depth + 1));
      const token = this.#next();
      if (token === ']') return items;
      if (token !== ',') this.#fail();
    }
  }

  #object(depth: number): Record<string, unknown> {
    this.#checkDepth(depth);
    const members: Record<string, unknown> = {};
    if (this.#peek() === '}') {
      this.#next();
      return members;
    }
    for (;;) {
      const key = this.#scalar(this.#next());
      if (typeof key !== 'string' || this.#next() !== ':') this.#fail();
      const item = this.value(depth + 1);
      if (key !== '__proto__') members[String(key)] = item;
      const token = this.#next();
      if (token === '}') return members;
      if (token !== ',') this.#fail();
    }
  }

  #scalar(token: string): unknown {
    if (token.startsWith('"')) return this.#string(token);
    if (Object.hasOwn(WORDS, token)) return WORDS[token];
    const number = Number(token);
    if (Number.isNaN(number)) this.#fail();
    return Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(token)
      ? BigInt(token)
      : number;
  }

  #string(token: string): string {
    try {
      return String(JSON.parse(token));
    } catch {
      return this.#fail();
    }
  }

  #next(): string {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (!match) return this.#fail();
    // Not by the pattern: it would need a place on its stack for each escape of a long text.
    if (match[1] === '"') return this.#quoted(TOKEN.lastIndex - 1);
    this.#at = TOKEN.lastIndex;
    return match[0].trimStart();
  }

  #quoted(start: number): string {
    const end = endOfString(this.#text, start);
    if (end === this.#text.length) return this.#fail();
    this.#at = end + 1;
    return this.#text.slice(start, end + 1);
  }

  #peek(): string {
    const before = this.#at;
    const token = this.#next();
    this.#at = before;
    return token;
  }

  #checkDepth(depth: number): void {
    if (depth >= this.#maxDepth) {
      throw new UmbelError('bad_message', `JSON is nested deeper than ${this.#maxDepth}.`);
    }
  }

  #fail(): never {
    const near = this.#text.slice(this.#at, this.#at + 20);
    throw new UmbelError('bad_message', `Not JSON at character ${this.#at}: ${JSON.stringify(near)}`);
  }
}
