/*
 * Reads Python literals back: `(2, 'x', {'a': None})`, as events show arguments. Never evaluates anything.
 */

const MAX_DEPTH = 100;
const MAX_LENGTH = 100_000;
const NUMBER = /[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)/y;
const WORD = /[A-Za-z_][\w.]*/y;

export interface PythonLiteral {
  readonly value: unknown;
  /** False when the text was shortened (`...`) or holds what is no literal: then `value` is not the whole truth. */
  readonly isComplete: boolean;
}

/**
 * Tuples and lists become arrays, dicts objects, None null. What cannot be read (an object's repr, a shortened list)
 * ends the reading, with what was read so far.
 */
export function parsePythonLiteral(text: string): PythonLiteral {
  if (text.length > MAX_LENGTH) return { value: null, isComplete: false };
  const reader = new LiteralReader(text);
  const value = reader.value(0);
  return { value, isComplete: reader.isComplete && reader.isAtEnd() };
}

class LiteralReader {
  isComplete = true;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#skipBlanks();
    return this.#at >= this.#text.length;
  }

  value(depth: number): unknown {
    this.#skipBlanks();
    const char = this.#text[this.#at];
    if (depth > MAX_DEPTH || char === undefined) return this.#stop();
    if (char === '(' || char === '[') return this.#list(char === '(' ? ')' : ']', depth);
    if (char === '{') return this.#dict(depth);
    if (char === "'" || char === '"') return this.#string(char);
    return this.#number() ?? this.#word();
  }

  #list(close: string, depth: number): unknown[] {
    this.#at += 1;
    const items: unknown[] = [];
    while (!this.#take(close)) {
      if (this.#isShortened() || !this.isComplete) return items;
      items.push(this.value(depth + 1));
      if (!this.#take(',') && !this.#peek(close)) {
        this.#stop();
        return items;
      }
    }
    return items;
  }

  #dict(depth: number): Record<string, unknown> {
    this.#at += 1;
    const members: [string, unknown][] = [];
    while (!this.#take('}')) {
      if (this.#isShortened() || !this.isComplete) break;
      const key = this.value(depth + 1);
      if (!this.#take(':')) this.#stop();
      members.push([String(key), this.value(depth + 1)]);
      if (!this.#take(',') && !this.#peek('}')) this.#stop();
    }
    return Object.fromEntries(members.filter(([key]) => key !== '__proto__'));
  }

  /** Celery escapes nothing but single quotes, so a quote ends the text only when no more of it can follow. */
  #string(quote: string): string {
    let value = '';
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at] ?? '';
      if (char === '\\' && this.#text[this.#at + 1] === quote) {
        value += quote;
        this.#at += 1;
      } else if (char === quote) {
        this.#at += 1;
        if (value.endsWith('...')) this.isComplete = false;
        return value;
      } else {
        value += char;
      }
    }
    this.isComplete = false;
    return value;
  }

  #number(): number | bigint | null {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) return null;
    this.#at = NUMBER.lastIndex;
    const number = Number(match[0]);
    return Number.isSafeInteger(number) || !/^[-+]?\d+$/.test(match[0]) ? number : BigInt(match[0]);
  }

  #word(): unknown {
    WORD.lastIndex = this.#at;
    const word = WORD.exec(this.#text)?.[0] ?? '';
    this.#at += word.length;
    if (word === 'True' || word === 'False') return word === 'True';
    if (word === 'None') return null;
    if (word === 'nan') return Number.NaN;
    if (word === 'inf') return Number.POSITIVE_INFINITY;
    return this.#stop();
  }

  #isShortened(): boolean {
    this.#skipBlanks();
    if (!this.#text.startsWith('...', this.#at)) return false;
    this.isComplete = false;
    return true;
  }

  #peek(char: string): boolean {
    this.#skipBlanks();
    return this.#text[this.#at] === char;
  }

  #take(char: string): boolean {
    if (!this.#peek(char)) return false;
    this.#at += 1;
    return true;
  }

  #skipBlanks(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '.')) this.#at += 1;
  }

  #stop(): null {
    this.isComplete = false;
    this.#at = this.#text.length;
    return null;
  }
}
