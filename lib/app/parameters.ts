/*
 * Keyword arguments from Python for functions that know only positions: their parameter names are read once from
 * their source.
 */

export interface Parameter {
  /** null for a destructured parameter. */
  readonly name: string | null;
  readonly isRest: boolean;
  /** `{ a, b }`: takes keyword arguments as an object. */
  readonly isObjectPattern: boolean;
  readonly hasDefault: boolean;
}

/** Parameters of a function; null when its source does not tell (native and bound functions). */
export function readParameters(fn: (...args: never[]) => unknown): Parameter[] | null {
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return null;
  const single = /^(?:async\s+)?([\w$]+)\s*=>/.exec(source);
  if (single?.[1]) return [{ name: single[1], isRest: false, isObjectPattern: false, hasDefault: false }];
  const start = source.indexOf('(');
  const parts = start < 0 ? null : splitList(source, start + 1);
  return parts?.map(readParameter) ?? null;
}

/**
 * The positional arguments of a call with keyword arguments, as Python would bind them: by name, and what is left over
 * into a last `{ … }` parameter. Throws Python's TypeError for a name that the function does not have.
 */
export function bindArguments(
  fn: string,
  parameters: readonly Parameter[] | null,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  isStrict = true,
): unknown[] {
  const names = Object.keys(kwargs);
  if (names.length === 0) return [...args];
  const bound = [...args];
  const rest: Record<string, unknown> = {};
  for (const name of names) {
    const index = parameters?.findIndex((parameter) => parameter.name === name && !parameter.isRest) ?? -1;
    if (index < 0) {
      rest[name] = kwargs[name];
    } else if (index < args.length) {
      throw new TypeError(`${fn}() got multiple values for argument '${name}'`);
    } else {
      while (bound.length < index) bound.push(undefined);
      bound[index] = kwargs[name];
    }
  }
  placeRest(fn, parameters, bound, rest, isStrict);
  return bound;
}

function placeRest(
  fn: string,
  parameters: readonly Parameter[] | null,
  bound: unknown[],
  rest: Record<string, unknown>,
  isStrict: boolean,
): void {
  const [unknown] = Object.keys(rest);
  if (unknown === undefined) return;
  const last = parameters?.findIndex((parameter) => parameter.isObjectPattern) ?? -1;
  if (last >= 0 && bound[last] === undefined) {
    while (bound.length < last) bound.push(undefined);
    bound[last] = rest;
  } else if (isStrict) {
    throw new TypeError(`${fn}() got an unexpected keyword argument '${unknown}'`);
  }
}

function readParameter(text: string): Parameter {
  const isRest = text.startsWith('...');
  const match = /^(?:\.\.\.)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(=)?/u.exec(text);
  return {
    name: match?.[1] ?? null,
    isRest,
    isObjectPattern: text.startsWith('{'),
    hasDefault: match?.[2] !== undefined,
  };
}

const CLOSE: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Splits a parameter list at its outer commas, up to the closing bracket; null for what is not understood. */
function splitList(source: string, start: number): string[] | null {
  const parts = [''];
  const closers = [')'];
  const add = (text: string): void => {
    parts.push(`${parts.pop() ?? ''}${text}`);
  };
  for (let at = start; at < source.length; at += 1) {
    const char = source[at] ?? '';
    const end = endOfText(source, at);
    if (end === null) return null;
    if (end > at) {
      if (char !== '/') add(' ');
      at = end - 1;
      continue;
    }
    track(closers, char);
    if (closers.length === 0) return parts.map((text) => text.trim()).filter(Boolean);
    if (char === ',' && closers.length === 1) parts.push('');
    else add(char);
  }
  return null;
}

/** Keeps the stack of brackets that are open. */
function track(closers: string[], char: string): void {
  const closer = CLOSE[char];
  if (closer !== undefined) closers.push(closer);
  else if (char === closers.at(-1)) closers.pop();
}

const TEXT = /\/\/.*\n|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/y;

/**
 * End of the comment or quoted text that starts here; the same place when none does. A slash that starts no comment may
 * start a regular expression, which is not worth understanding: null.
 */
function endOfText(source: string, at: number): number | null {
  const char = source[at] ?? '';
  if (!'/"\'`'.includes(char)) return at;
  TEXT.lastIndex = at;
  if (TEXT.test(source)) return TEXT.lastIndex;
  return char === '/' ? null : at;
}
