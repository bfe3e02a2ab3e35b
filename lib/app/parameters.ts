/*
 * Keyword arguments from Python for functions that know only positions: their parameter names are read once from
 * their source.
 */

import { codeOf } from './function-source.ts';

export interface Parameter {
  /** null for a destructured parameter. */
  readonly name: string | null;
  readonly isRest: boolean;
  /** `{ a, b }`: takes keyword arguments as an object. */
  readonly isObjectPattern: boolean;
  readonly hasDefault: boolean;
}

/** Parameters of a function; null when its source does not tell (native and bound functions). */
export function readParameters(fn: AnyFunction): Parameter[] | null {
  const list = readList(fn)?.parameters ?? null;
  // What the engine counts must agree, or the source was not understood.
  const plain = list?.findIndex(({ isRest, hasDefault }) => isRest || hasDefault) ?? -1;
  return fn.length === (plain < 0 ? list?.length : plain) ? list : null;
}

/** Whether a function looks at `arguments`, and so may take more than its parameters say. Arrow functions have none. */
export function readsArguments(fn: AnyFunction): boolean {
  const body = readList(fn)?.body ?? '';
  return !/^\s*=>/.test(body) && ARGUMENTS.test(body);
}

type AnyFunction = (...args: never[]) => unknown;

/** The word as a variable: no property of something, no key of an object. */
const ARGUMENTS = /(?<![\w$]|(?<!\.\.)\.\s*|[{,]\s*(?=arguments\s*:))arguments(?![\w$])/;

const NAME = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$]*`;
const ARROW_OF_ONE = new RegExp(`^(?:async\\s+)?(${NAME})\\s*(?==>)`, 'u');
const NAMED = new RegExp(`^(?:\\.\\.\\.)?(${NAME})\\s*(?:$|=)`, 'u');

/** The parameters of a function, and the code after them; null for what has none to read. */
function readList(fn: AnyFunction): { parameters: Parameter[]; body: string } | null {
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return null;
  const code = codeOf(source);
  const single = ARROW_OF_ONE.exec(code);
  if (single?.[1]) {
    const only = { name: single[1], isRest: false, isObjectPattern: false, hasDefault: false };
    return { parameters: [only], body: code.slice(single[0].length) };
  }
  return splitList(code, startOfList(code));
}

/** After the first bracket; a method may have a computed name before it: `[key(1)](a, b) {}`. */
function startOfList(code: string): number {
  let depth = 0;
  for (let at = 0; at < code.length; at += 1) {
    if (code[at] === '(' && depth === 0) return at + 1;
    if (code[at] === '[') depth += 1;
    if (code[at] === ']') depth -= 1;
  }
  return code.length;
}

const CLOSE: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Splits a parameter list at its outer commas, up to the closing bracket; null for what is not understood. */
function splitList(code: string, start: number): { parameters: Parameter[]; body: string } | null {
  const parameters: Parameter[] = [];
  const closers = [')'];
  let from = start;
  let hasDefault = false;
  for (let at = start; at < code.length; at += 1) {
    const char = code[at] ?? '';
    track(closers, char);
    if (closers.length === 0 || (char === ',' && closers.length === 1)) {
      const text = code.slice(from, at).trim();
      if (text !== '') parameters.push(readParameter(text, hasDefault));
      from = at + 1;
      hasDefault = false;
    } else if (char === '=' && closers.length === 1) {
      hasDefault = true;
    }
    if (closers.length === 0) return { parameters, body: code.slice(at + 1) };
  }
  return null;
}

/** Keeps the stack of brackets that are open. */
function track(closers: string[], char: string): void {
  const closer = CLOSE[char];
  if (closer !== undefined) closers.push(closer);
  else if (char === closers.at(-1)) closers.pop();
}

function readParameter(text: string, hasDefault: boolean): Parameter {
  return {
    name: NAMED.exec(text)?.[1] ?? null,
    isRest: text.startsWith('...'),
    isObjectPattern: text.startsWith('{'),
    hasDefault,
  };
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
