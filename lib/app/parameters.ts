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
}

/** Parameters of a function; null when its source does not tell (native and bound functions). */
export function readParameters(fn: (...args: never[]) => unknown): Parameter[] | null {
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return null;
  const single = /^(?:async\s+)?([\w$]+)\s*=>/.exec(source);
  if (single?.[1]) return [{ name: single[1], isRest: false, isObjectPattern: false }];
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
  const name = /^(?:\.\.\.)?([\p{ID_Start}$_][\p{ID_Continue}$]*)/u.exec(text)?.[1] ?? null;
  return { name, isRest, isObjectPattern: text.startsWith('{') };
}

const CLOSE: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Splits a parameter list at its outer commas, up to the closing bracket; null for what is not understood. */
function splitList(source: string, start: number): string[] | null {
  const parts: string[] = [];
  const closers = [')'];
  let part = '';
  for (let at = start; at < source.length; at += 1) {
    const char = source[at] ?? '';
    const skipped = skipText(source, at);
    // A slash that starts no comment may start a regular expression: not worth understanding here.
    if (skipped === at && char === '/') return null;
    if (skipped > at) {
      if (char !== '/') part += ' ';
      at = skipped - 1;
      continue;
    }
    const closer = CLOSE[char];
    if (closer !== undefined) closers.push(closer);
    else if (char === closers.at(-1)) closers.pop();
    if (closers.length === 0) return [...parts, part].map((text) => text.trim()).filter(Boolean);
    if (char === ',' && closers.length === 1) {
      parts.push(part);
      part = '';
    } else {
      part += char;
    }
  }
  return null;
}

/** End of the comment or quoted text that starts here; the same place when none does. */
function skipText(source: string, at: number): number {
  if (!'/"\'`'.includes(source[at] ?? ' ')) return at;
  const rest = /^(?:\/\/[^\n]*\n|\/\*[^]*?\*\/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)/.exec(
    source.slice(at, at + 2000),
  );
  return at + (rest?.[0].length ?? 0);
}
