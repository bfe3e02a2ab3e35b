import { UmbelError } from '../../../lib/contract/errors.ts';
import { type Condition, likeColumn, likeText } from './where.ts';

/*
 * Flower's search language: words are joined by AND, `OR` and parentheses, `field:value`, "quoted phrases".
 * `state:` is exact, the rest are substrings in any case. Compiled to SQL with bound values.
 */

const MAX_LENGTH = 2048;
const MAX_TOKENS = 128;
const MAX_DEPTH = 5;
const FIELDS = new Set(['name', 'state', 'worker', 'args', 'kwargs', 'result', 'uuid', 'exception', 'queue']);

interface Token {
  readonly kind: 'open' | 'close' | 'and' | 'or' | 'term';
  readonly field: string | null;
  readonly text: string;
  readonly at: number;
}

/** Reads a search; null for an empty one. Errors name the position, as Flower's do. */
export function parseSearch(search: string): Condition | null {
  if (search.length > MAX_LENGTH)
    throw new UmbelError('bad_request', `A search may have ${MAX_LENGTH} characters.`);
  const tokens = tokenize(search);
  if (tokens.length === 0) return null;
  if (tokens.length > MAX_TOKENS)
    throw new UmbelError('bad_request', `A search may have ${MAX_TOKENS} terms.`);
  const parser = new Parser(tokens, search.length);
  return parser.parse();
}

const TOKEN = /\s*(?:(\()|(\))|(?:([a-z_]+):)?(?:"((?:[^"\\]|\\.)*)"|([^\s()"]+)|(?=[\s)]|$)))/gy;

function tokenize(search: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < search.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(search);
    if (match === null) throw at_(at, 'Search has an unclosed quote');
    const token = readToken(match, at);
    if (token) tokens.push(token);
    else if (TOKEN.lastIndex === at) break;
  }
  return tokens;
}

function readToken(match: RegExpExecArray, at: number): Token | null {
  const [, open, close, prefix, quoted, bare] = match;
  if (open) return { kind: 'open', field: null, text: open, at };
  if (close) return { kind: 'close', field: null, text: close, at };
  if (prefix === undefined && quoted === undefined && bare === 'AND')
    return { kind: 'and', field: null, text: bare, at };
  if (prefix === undefined && quoted === undefined && bare === 'OR')
    return { kind: 'or', field: null, text: bare, at };
  const text = quoted === undefined ? (bare ?? '') : quoted.replaceAll(/\\(.)/g, '$1');
  if (prefix === undefined) return text === '' ? null : { kind: 'term', field: null, text, at };
  if (!FIELDS.has(prefix)) return { kind: 'term', field: null, text: `${prefix}:${text}`, at };
  if (text === '') throw at_(at, 'Search qualifier requires a value');
  return { kind: 'term', field: prefix, text, at };
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #end: number;
  #next = 0;

  constructor(tokens: readonly Token[], end: number) {
    this.#tokens = tokens;
    this.#end = end;
  }

  parse(): Condition {
    const condition = this.#either(0);
    const rest = this.#tokens[this.#next];
    if (rest) throw at_(rest.at, 'Unexpected closing parenthesis');
    return condition;
  }

  #either(depth: number): Condition {
    const parts = [this.#both(depth)];
    while (this.#take('or')) parts.push(this.#both(depth));
    return join(parts, ' OR ');
  }

  #both(depth: number): Condition {
    const parts = [this.#one(depth)];
    for (;;) {
      const isExplicit = this.#take('and');
      const kind = this.#tokens[this.#next]?.kind;
      if (!isExplicit && kind !== 'term' && kind !== 'open') return join(parts, ' AND ');
      parts.push(this.#one(depth));
    }
  }

  #one(depth: number): Condition {
    const token = this.#tokens[this.#next];
    this.#next += 1;
    if (token?.kind === 'term') return termCondition(token);
    if (token?.kind !== 'open') throw at_(token?.at ?? this.#end, 'Expected a search term');
    if (depth >= MAX_DEPTH) throw at_(token.at, 'Search is nested too deeply');
    const inner = this.#either(depth + 1);
    if (!this.#take('close')) throw at_(token.at, 'Unclosed parenthesis');
    return inner;
  }

  #take(kind: Token['kind']): boolean {
    if (this.#tokens[this.#next]?.kind !== kind) return false;
    this.#next += 1;
    return true;
  }
}

function termCondition({ field, text }: Token): Condition {
  if (field === null) return likeText(text);
  if (field === 'state') return { sql: 'state = ?', values: [text] };
  const pair = field === 'kwargs' ? /^(\w+)=(.*)$/s.exec(text) : null;
  if (!pair) return likeColumn(field, text);
  const [, key = '', value = ''] = pair;
  return join(
    [likeColumn('kwargs', `'${key}': ${value}`), likeColumn('kwargs', `'${key}': '${value}'`)],
    ' OR ',
  );
}

function join(parts: readonly Condition[], word: string): Condition {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  return {
    sql: `(${parts.map(({ sql }) => sql).join(word)})`,
    values: parts.flatMap(({ values }) => values),
  };
}

function at_(at: number, text: string): UmbelError {
  return new UmbelError('bad_request', `${text} at position ${at}.`);
}
