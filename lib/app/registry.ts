import { UmbelError } from '../contract/errors.ts';
import { annotate } from './annotations.ts';
import type { AppPort } from './app-port.ts';
import { makeCallable, type RegisteredTask } from './function-task.ts';
import type { Task } from './task.ts';

/** The tasks of an app by name. */
export class Registry {
  readonly #app: AppPort;
  readonly #tasks = new Map<string, Task>();

  constructor(app: AppPort) {
    this.#app = app;
  }

  /**
   * Adds a task and returns it, callable in place. It replaces another of its name; `app.task` does not, as in Celery.
   */
  register<T extends Task>(task: T): RegisteredTask<T> {
    if (typeof task.name !== 'string' || task.name === '') {
      throw new UmbelError('bad_config', `The task ${task.constructor.name} needs a name.`);
    }
    task.registeredApp = this.#app;
    annotate(task, this.#app.conf.task_annotations);
    this.#tasks.set(task.name, task);
    return makeCallable(task);
  }

  /** Lays `task_annotations` over the tasks that were registered before they were set. */
  annotate(): void {
    for (const task of this.#tasks.values()) annotate(task, this.#app.conf.task_annotations);
  }

  unregister(name: string): boolean {
    return this.#tasks.delete(name);
  }

  get(name: string): Task | undefined {
    return this.#tasks.get(name);
  }

  has(name: string): boolean {
    return this.#tasks.has(name);
  }

  /** Names in alphabetical order, without Celery's own `celery.…`. */
  names(): string[] {
    return [...this.#tasks.keys()].filter((name) => !name.startsWith('celery.')).sort();
  }

  get size(): number {
    return this.#tasks.size;
  }

  [Symbol.iterator](): IterableIterator<Task> {
    return this.#tasks.values();
  }
}
