/*
 * Python refuses a call with too few or too many arguments; JavaScript fills up with undefined, and the task would
 * succeed with nonsense. The texts are Python's.
 */

import { bindArguments, type Parameter, readParameters, readsArguments } from './parameters.ts';

/** What a check needs of a task. */
interface CheckedTask {
  readonly name: string;
  readonly bind: boolean;
  readonly typing: boolean;
  readonly run: AnyFunction;
}

interface CallShape {
  /** Python's name of the function: the last part of the task's. */
  readonly name: string;
  /** null when they cannot be read: then nothing is checked. */
  readonly parameters: readonly Parameter[] | null;
  /** A function that is not bound. */
  readonly isPlain: boolean;
  /** Fewest and most positional arguments. */
  readonly least: number;
  readonly most: number;
}

const shapes = new WeakMap<CheckedTask, CallShape>();

/** The arguments for `run`. Throws Python's TypeError for a call that the function cannot take. */
export function argumentsFor(
  task: CheckedTask,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): unknown[] {
  const shape = shapeOf(task);
  const { typing } = task;
  if (typing && args.length > shape.most) throw tooMany(shape, args.length);
  for (const _name in kwargs) {
    const bound = bindArguments(shape.name, shape.parameters, args, kwargs, typing);
    if (typing) checkMissing(shape, args.length, kwargs);
    return bound;
  }
  if (typing && args.length < shape.least) checkMissing(shape, args.length, kwargs);
  return [...args];
}

/** What is wrong with a call that is about to be sent; null when nothing is. */
export function wrongCall(
  task: CheckedTask,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): TypeError | null {
  if (!task.typing) return null;
  const shape = shapeOf(task);
  for (const _name in kwargs) return thrownBy(() => argumentsFor(task, args, kwargs));
  if (args.length >= shape.least && args.length <= shape.most) return null;
  return thrownBy(() => argumentsFor(task, args, kwargs));
}

/**
 * Whether an errback takes (request, exc, traceback) before its own arguments, and not the id of the task that failed.
 * For functions Celery's rule holds (`arity_greater`): several parameters do. Classes and bound tasks, which it always
 * sends, take them when the id alone is not enough for them.
 */
export function takesFailure(
  task: CheckedTask,
  own: number,
  kwargs: Readonly<Record<string, unknown>>,
): boolean {
  const shape = shapeOf(task);
  if (shape.parameters === null || !canTake(shape, own + 3, kwargs)) return false;
  return shape.isPlain ? shape.most > 1 : !canTake(shape, own + 1, kwargs);
}

function canTake(shape: CallShape, given: number, kwargs: Readonly<Record<string, unknown>>): boolean {
  return given <= shape.most && missingOf(shape, given, kwargs).length === 0;
}

function thrownBy(check: () => unknown): TypeError | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof TypeError) return error;
    throw error;
  }
}

function shapeOf(task: CheckedTask): CallShape {
  const known = shapes.get(task);
  if (known !== undefined) return known;
  const { body, skip } = bodyOf(task);
  const parameters = readParameters(body)?.slice(skip) ?? null;
  const name = task.name.slice(task.name.lastIndexOf('.') + 1);
  const isPlain = body !== task.run && !task.bind;
  const shape = { name, parameters, isPlain, ...countsOf(body, parameters) };
  shapes.set(task, shape);
  return shape;
}

type AnyFunction = (...args: never[]) => unknown;

/** The function whose parameters a call fills, and how many of them the task itself takes. */
function bodyOf(task: CheckedTask): { body: AnyFunction; skip: number } {
  const body: unknown = Reflect.get(task, 'body');
  return isFunction(body) ? { body, skip: task.bind ? 1 : 0 } : { body: task.run, skip: 0 };
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}

function countsOf(
  body: AnyFunction,
  parameters: readonly Parameter[] | null,
): { least: number; most: number } {
  // A function that looks at `arguments` takes what it finds there.
  if (parameters === null || readsArguments(body)) return { least: 0, most: Infinity };
  const least = parameters.findLastIndex(isRequired) + 1;
  return { least, most: parameters.some(({ isRest }) => isRest) ? Infinity : parameters.length };
}

/** A destructured parameter fails by itself. */
function isRequired({ name, isRest, hasDefault }: Parameter): boolean {
  return name !== null && !isRest && !hasDefault;
}

/** Names of required parameters that get nothing. */
function missingOf(
  { parameters, least }: CallShape,
  given: number,
  kwargs: Readonly<Record<string, unknown>>,
): string[] {
  return (parameters ?? [])
    .slice(given, Math.max(given, least))
    .filter((parameter) => isRequired(parameter) && !Object.hasOwn(kwargs, parameter.name ?? ''))
    .map((parameter) => `'${parameter.name}'`);
}

function checkMissing(shape: CallShape, given: number, kwargs: Readonly<Record<string, unknown>>): void {
  const missing = missingOf(shape, given, kwargs);
  if (missing.length === 0) return;
  const noun = missing.length === 1 ? 'argument' : 'arguments';
  throw new TypeError(
    `${shape.name}() missing ${missing.length} required positional ${noun}: ${enumerate(missing)}`,
  );
}

function enumerate(names: readonly string[]): string {
  const comma = names.length > 2 ? ',' : '';
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')}${comma} and ${names[names.length - 1]}`;
}

function tooMany({ name, least, most }: CallShape, given: number): TypeError {
  const takes = least === most ? `${most}` : `from ${least} to ${most}`;
  const noun = most === 1 ? 'argument' : 'arguments';
  return new TypeError(
    `${name}() takes ${takes} positional ${noun} but ${given} ${given === 1 ? 'was' : 'were'} given`,
  );
}
