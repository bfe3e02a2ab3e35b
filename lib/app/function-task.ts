import { currentContext, directContext, runInContext } from './context.ts';
import { Task } from './task.ts';
import { TASK_OPTION_NAMES, type TaskOptions } from './task-options.ts';

/** A registered task: call it like a function, or send it with `delay` and `applyAsync`. */
export type TaskFunction<A extends unknown[], R> = Task<A, R> & ((...args: A) => R);

/** A registered class task, callable in place. */
export type RegisteredTask<T extends Task> = T & ((...args: Parameters<T['run']>) => ReturnType<T['run']>);

/** The running task, as bound functions get it: `self` or `this`. */
export type BoundTask = Task;

/** The function behind a task. (`never[]` fits any parameters, and lets `(n = 3) => …` keep its own types.) */
export type TaskBody = (this: BoundTask, ...args: never[]) => unknown;

/** The function behind a bound task. */
export type BoundFunction = (this: BoundTask, self: BoundTask, ...args: never[]) => unknown;

/** The parameters after the first. */
export type Tail<P extends unknown[]> = P extends [unknown, ...infer T] ? T : [];

/** A task made of a function. */
export class FunctionTask extends Task {
  readonly name: string;
  /** The function itself, for reading its parameter names. */
  readonly body: TaskBody;

  constructor(name: string, body: TaskBody, options: TaskOptions) {
    super();
    this.name = name;
    this.body = body;
    applyTaskOptions(this, options);
  }

  override run(...args: unknown[]): unknown {
    return Reflect.apply(this.body, this, this.bind ? [this, ...args] : args);
  }
}

/** Lays options over a task. */
export function applyTaskOptions(task: Task, options: TaskOptions): void {
  for (const option of TASK_OPTION_NAMES) {
    if (options[option] !== undefined) Reflect.set(task, option, options[option]);
  }
}

/**
 * A function that runs the task in place and has everything the task has: the task is its prototype, so that
 * `instanceof Task`, options and methods work on it too.
 */
export function makeCallable<T extends Task>(task: T): RegisteredTask<T> {
  const callable = named(task.name, (...args: unknown[]): unknown => {
    const context = currentContext();
    // Called by another task, it keeps that one's request (celery/app/task.py pushes a new one only for its own stack).
    const run = (): unknown => task.call(...args);
    return context ? run() : runInContext(directContext(task.name, args), run);
  });
  Object.setPrototypeOf(callable, task);
  if (isRegistered<T>(callable)) return callable;
  throw new TypeError('unreachable: the prototype was just set');
}

/**
 * A new function with this name. Not by redefining `name`: every property of such a function is slow to read, and a task
 * is asked for many with each call.
 */
function named(name: string, run: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  const { [name]: callable = run } = { [name]: (...args: unknown[]) => run(...args) };
  return callable;
}

function isRegistered<T extends Task>(callable: unknown): callable is RegisteredTask<T> {
  return typeof callable === 'function' && callable instanceof Task;
}
