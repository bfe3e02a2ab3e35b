import { UmbelError } from '../contract/errors.ts';
import { nearestName } from '../util/nearest-name.ts';
import { TASK_OPTION_NAMES, type TaskOptions } from './task-options.ts';

/** Methods of a task that an annotation may replace or wrap. */
const METHOD_NAMES = ['beforeStart', 'onSuccess', 'onFailure', 'onRetry', 'afterReturn', 'run'] as const;
const NAMES: readonly string[] = [...TASK_OPTION_NAMES, ...METHOD_NAMES];

// Each method has its own parameters; which, is not known here.
type Method = (...args: never[]) => unknown;

/** The task, as far as annotations see it. */
interface Named {
  readonly name: string;
}

/**
 * What is laid over a task: options under our names or Celery's (`rate_limit`), handlers (`onFailure`, called with the
 * task as `this`), and with `@` in front a function that gets the method and returns another (`@run`).
 */
export type AnnotationValues = TaskOptions &
  Partial<Record<(typeof METHOD_NAMES)[number], Method>> &
  Readonly<Record<string, unknown>>;

/** Decides by code, as Celery's objects with `annotate` and `annotate_any`. */
export interface Annotator {
  /** For this task; null or undefined for none. */
  annotate?(task: Named): AnnotationValues | null | undefined;
  /** For every task. */
  annotateAny?(): AnnotationValues | null | undefined;
}

/** By name of the task; `*` is for all and wins. */
export type AnnotationMap = Readonly<Record<string, AnnotationValues>>;

/** `task_annotations`. */
export type Annotations = AnnotationMap | Annotator | readonly (AnnotationMap | Annotator)[] | null;

/** The method before it was wrapped, so that doing it again wraps once. */
const WRAPPED = Symbol('wrapped');

/**
 * Lays annotations over a task (celery/app/annotations.py): of each kind, for this task and for all, the first that
 * there is. Throws `UmbelError('bad_config')` for a name that is none.
 */
export function annotate(task: Named, annotations: Annotations): void {
  const list = annotations === null ? [] : isList(annotations) ? annotations : [annotations];
  const own = firstOf(list, (item) => (isAnnotator(item) ? item.annotate?.(task) : item[task.name]));
  const common = firstOf(list, (item) => (isAnnotator(item) ? item.annotateAny?.() : item['*']));
  for (const values of [own, common]) {
    for (const [key, value] of Object.entries(values ?? {})) lay(task, key, value);
  }
}

function lay(task: Named, key: string, value: unknown): void {
  const isAround = key.startsWith('@');
  const name = (isAround ? key.slice(1) : key).replace(/_([a-z])/g, (_, letter: string) =>
    letter.toUpperCase(),
  );
  const known = isAround ? METHOD_NAMES : NAMES;
  if (!known.some((one) => one === name)) {
    throw wrong(
      `task_annotations has "${key}" for ${task.name}. Did you mean "${nearestName(name, known)}"?`,
    );
  }
  if (!isAround) {
    if (value !== undefined) Reflect.set(task, name, value);
    return;
  }
  if (typeof value !== 'function') throw wrong(`"${key}" in task_annotations must be a function.`);
  const before: unknown = Reflect.get(task, name);
  const original: unknown = typeof before === 'function' ? (Reflect.get(before, WRAPPED) ?? before) : before;
  const around: unknown = value(original);
  if (typeof around !== 'function') throw wrong(`"${key}" in task_annotations must return a function.`);
  Object.defineProperty(around, WRAPPED, { value: original });
  Reflect.set(task, name, around);
}

function firstOf<T>(
  list: readonly T[],
  find: (item: T) => AnnotationValues | null | undefined,
): AnnotationValues | null {
  for (const item of list) {
    const found = find(item);
    if (found) return found;
  }
  return null;
}

function isList(
  annotations: NonNullable<Annotations>,
): annotations is readonly (AnnotationMap | Annotator)[] {
  return Array.isArray(annotations);
}

function isAnnotator(item: AnnotationMap | Annotator): item is Annotator {
  return typeof item.annotate === 'function' || typeof item.annotateAny === 'function';
}

function wrong(message: string): UmbelError {
  return new UmbelError('bad_config', message);
}
