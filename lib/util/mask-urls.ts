import { isSecretName, MASK } from './secret-names.ts';

const SCHEME = /[a-z][a-z0-9+.-]*$/i;
const LONGEST_SCHEME = 40;
/** Where the next URL of a failover list begins. */
const NEXT_OF_LIST = /([;,]\s*)(?=[a-z][a-z0-9+.-]{0,40}:\/\/)/i;
/** Their authority ends at the first slash for certain: an `@` behind it is part of the path. */
const WEB_SCHEME = /^(?:https?|wss?|ftp)$/i;
const HOST_AND_PORT = /^[^/?#@:]*(?::\d{1,5})?(?=[/?#]|$)/;
/** `user:` and then no port: the rest can only be a password, wherever it ends. */
const LOGIN = /^[^:/?#@[\s]*:(?!\d{0,5}(?:[/?#\s,;)'"`\]}>.:\\]|$))/;
/** A parameter of the query; its value ends where the next one begins. */
const PARAMETER = /([?&]([\w.-]{1,60})=)((?:(?!&[\w.-]{1,60}=)[\s\S])*)/g;
const AFTER_QUOTE = /[\s,;.}\])>'"`\\]/;
/** How far a login is looked for behind a space that stands inside a password. */
const FAR = 300;

/** A text that is nothing but a URL or a list of them, also a malformed one. */
export function maskWholeUrl(text: string): string {
  if (text.includes('://')) return maskList(text);
  const at = text.lastIndexOf('@');
  const colon = text.indexOf(':');
  return colon < 0 || colon > at ? text : `${text.slice(0, colon + 1)}${MASK}${text.slice(at)}`;
}

/** The URLs inside a longer text, each up to the quote that encloses it, else up to a space. */
export function maskUrlsInside(text: string): string {
  let shown = '';
  let from = 0;
  // From `://` on: looking for a scheme at each letter would take time with the square of the text.
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', from)) {
    const scheme = SCHEME.exec(text.slice(Math.max(from, at - LONGEST_SCHEME), at))?.[0] ?? '';
    const start = at - scheme.length;
    const end = endOfUrl(text, start, at + 3);
    shown += text.slice(from, start) + maskList(text.slice(start, end));
    from = end;
  }
  return shown + text.slice(from);
}

/**
 * The end of a quoted text; `depth` backslashes stand before the quotes themselves. A quote that nothing of a list, a
 * dictionary or a sentence follows is part of the text: -1 when there is no other.
 */
export function endOfQuote(text: string, quote: string, from: number, depth: number): number {
  for (let end = text.indexOf(quote, from); end >= 0; end = text.indexOf(quote, end + 1)) {
    const escapes = backslashesBefore(text, end, from);
    if (escapes <= depth && AFTER_QUOTE.test(text[end + 1] ?? ' ')) return end - escapes;
  }
  return -1;
}

export function backslashesBefore(text: string, at: number, from = 0): number {
  let count = 0;
  while (at - count > from && text[at - count - 1] === '\\') count += 1;
  return count;
}

function endOfUrl(text: string, start: number, from: number): number {
  const quote = text[start - 1] ?? '';
  const isQuoted = /['"`]/.test(quote);
  const closing = isQuoted ? endOfQuote(text, quote, from, backslashesBefore(text, start - 1)) : -1;
  if (closing >= 0) return closing;
  const end = endOfRun(text, from);
  const rest = text.slice(from, end);
  if (rest.includes('@') || !LOGIN.test(rest)) return end;
  // A space of the password itself ended it too early.
  const [line = ''] = text.slice(from, from + FAR).split('\n', 1);
  const at = line.indexOf('@');
  return at < 0 ? end : Math.max(end, endOfRun(text, from + at));
}

function endOfRun(text: string, from: number): number {
  const space = /\s/g;
  space.lastIndex = from;
  return space.exec(text)?.index ?? text.length;
}

function maskList(text: string): string {
  return text
    .split(NEXT_OF_LIST)
    .map((part) => (part.includes('://') ? maskOne(part) : part))
    .join('');
}

function maskOne(url: string): string {
  const start = url.indexOf('://') + 3;
  const rest = url
    .slice(start)
    .replace(PARAMETER, (whole, head: string, name: string, value: string) =>
      value !== '' && isSecretName(name) ? head + MASK : whole,
    );
  return url.slice(0, start) + maskLogin(url.slice(0, start - 3), rest);
}

/** A password ends at the last `@`, so that one whose `/`, `?`, `#` or `@` was not encoded stays hidden too. */
function maskLogin(scheme: string, rest: string): string {
  if (WEB_SCHEME.test(scheme.trim()) && HOST_AND_PORT.test(rest)) return rest;
  const at = rest.lastIndexOf('@');
  const colon = rest.indexOf(':');
  if (at < 0) return LOGIN.test(rest) ? `${rest.slice(0, colon + 1)}${MASK}` : rest;
  return colon < 0 || colon > at ? rest : `${rest.slice(0, colon + 1)}${MASK}${rest.slice(at)}`;
}
