import { backslashesBefore, endOfQuote } from './mask-urls.ts';
import { isSecretName, MASK } from './secret-names.ts';

/** The words from which a name is looked at; cheap, because most texts have none. */
const HINT = /pass|pwd|secret|token|key|credential|authorization|signature/gi;
const ANY_HINT = new RegExp(HINT.source, 'i');
const LONGEST_NAME = 60;
const NAME_BEFORE = /[\w.-]*$/;
const NAME_AFTER = /^[\w.-]*/;
/** What may stand between a name and its value. */
const SEPARATOR = /^(\\*)(['"`]?)\s{0,4}(=>|[:=])\s{0,4}/;
const NOTHING = /^(?:None|null|undefined|True|False|true|false)\b/;
const BARE = /^[^\s,;&)}\]'"`]+/;
/** `Bearer x` and `Basic x` are two words. */
const HEADER_VALUE = /^[^\n'"`]+/;
const OPENING = new Set(['{', '[', '(']);
const CLOSING = new Set(['}', ']', ')']);

/**
 * The values of secret names inside a text: `'password': 'x'` of Python, `"token":"x"` of JSON, `api_key: 'x'` of Node,
 * `password=x` of a connection string, `Authorization: Bearer x` of a header.
 */
export function maskPairs(text: string): string {
  if (!ANY_HINT.test(text)) return text;
  let shown = '';
  let from = 0;
  for (const { index } of text.matchAll(HINT)) {
    const value = index < from ? null : secretBehind(text, index);
    if (value === null) continue;
    shown += text.slice(from, value.start) + value.mask;
    from = value.end;
  }
  return shown + text.slice(from);
}

interface Value {
  readonly start: number;
  readonly end: number;
  readonly mask: string;
}

function secretBehind(text: string, hint: number): Value | null {
  const before = NAME_BEFORE.exec(text.slice(Math.max(0, hint - LONGEST_NAME), hint))?.[0] ?? '';
  const after = NAME_AFTER.exec(text.slice(hint, hint + LONGEST_NAME))?.[0] ?? '';
  const name = before + after;
  if (!isSecretName(name)) return null;
  const behind = hint + after.length;
  const separator = SEPARATOR.exec(text.slice(behind, behind + 20));
  if (separator === null) return null;
  const [between, , quote = '', sign] = separator;
  const start = behind + between.length;
  if (NOTHING.test(text.slice(start, start + 10))) return null;
  const enclosed = quoted(text, start) ?? bracketed(text, start, quote);
  if (enclosed !== null) return enclosed;
  if (/authorization$/i.test(name)) return bare(text, start, quote, HEADER_VALUE);
  const isProse = quote === '' && sign === ':' && !isFirstOnLine(text, hint - before.length);
  return isProse ? null : bare(text, start, quote, BARE);
}

/** `the token: expired` is a sentence; `token: x` at the start of a line, or in braces, is not. */
function isFirstOnLine(text: string, at: number): boolean {
  return /(?:^|[\n{,(])[ \t]*$/.test(text.slice(Math.max(0, at - 20), at));
}

function quoted(text: string, start: number): Value | null {
  const [whole, escapes = '', quote = ''] = /^[bur]?(\\*)(['"`])/.exec(text.slice(start, start + 12)) ?? [];
  if (whole === undefined) return null;
  const open = start + whole.length;
  const end = endOfQuote(text, quote, open, escapes.length);
  // A text that was cut off inside.
  if (end < 0) return { start: open, end: text.length, mask: MASK };
  return { start: open, end, mask: end === open ? '' : MASK };
}

function bracketed(text: string, start: number, quote: string): Value | null {
  if (!OPENING.has(text[start] ?? '')) return null;
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (OPENING.has(letter)) depth += 1;
    else if (CLOSING.has(letter)) depth -= 1;
    else if (/['"`]/.test(letter)) {
      const end = endOfQuote(text, letter, at + 1, backslashesBefore(text, at));
      if (end < 0) break;
      at = end + backslashesBefore(text, at);
    }
    if (depth === 0) return { start, end: at + 1, mask: quote + MASK + quote };
  }
  return { start, end: text.length, mask: quote + MASK + quote };
}

function bare(text: string, start: number, quote: string, shape: RegExp): Value | null {
  const [found] = shape.exec(text.slice(start)) ?? [];
  return found === undefined ? null : { start, end: start + found.length, mask: quote + MASK + quote };
}
