import { toError } from '../contract/errors.ts';
import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';
import { LimitedSet } from './revoked.ts';

export interface DeduplicationOptions {
  readonly host: RequestHost;
  /** Takes a task that is to run. */
  readonly push: (task: TaskHandle) => void;
}

const MAX_SUCCESSFUL = 10_000;

/** The message of an id that runs or is about to, and those that wait for it. */
interface Present {
  leader: TaskHandle;
  readonly waiting: TaskHandle[];
}

/**
 * `worker_deduplicate_successful_tasks`: of messages with one id, one runs; once it has succeeded the others are
 * acknowledged unrun (celery/app/trace.py, for tasks with late acks). Celery looks only at redelivered messages and only
 * at what is stored; here a second message also waits for a first that runs in this worker.
 *
 *   no other here → result SUCCESS? → skipped
 *                   else            → runs → succeeded → those that waited for it are skipped
 *                                          → else      → the next of them runs
 */
export class Deduplication {
  readonly #options: DeduplicationOptions;
  /** By task id. */
  readonly #present = new Map<string, Present>();
  readonly #successful = new LimitedSet({ max: MAX_SUCCESSFUL });

  constructor(options: DeduplicationOptions) {
    this.#options = options;
  }

  /** Lets a task run, now or later, or not at all. */
  admit(task: TaskHandle): void {
    if (!task.profile.acksLate) {
      this.#options.push(task);
      return;
    }
    const { id } = task.request;
    const present = this.#present.get(id);
    if (this.#successful.has(id)) this.#skip(task);
    else if (present !== undefined) present.waiting.push(task);
    else {
      this.#present.set(id, { leader: task, waiting: [] });
      void this.#lead(task);
    }
  }

  /** A task is settled, whatever became of it. Others of its id than the leader change nothing: they never ran. */
  ended(task: TaskHandle): void {
    const { id } = task.request;
    const present = this.#present.get(id);
    if (present?.leader !== task) return;
    if (task.hasSucceeded) {
      this.#finish(id);
      return;
    }
    const next = present.waiting.shift();
    if (next === undefined) {
      this.#present.delete(id);
      return;
    }
    present.leader = next;
    this.#options.push(next);
  }

  /** Takes out those that wait for another. */
  drain(): TaskHandle[] {
    return [...this.#present.values()].flatMap(({ waiting }) => waiting.splice(0));
  }

  async #lead(task: TaskHandle): Promise<void> {
    const { host, push } = this.#options;
    const { id } = task.request;
    let value: string | null = null;
    try {
      value = await host.results.successText(id);
    } catch (error) {
      // It may run a second time, but it must not be lost.
      host.logger.warning(`Cannot tell whether ${task.label} was done before: ${toError(error).message}`);
    }
    if (value === null) push(task);
    else {
      // Its worker may have died when the result was stored, and before its chord had counted it.
      await host.tellEnded(task.request, 'SUCCESS', value);
      this.#skip(task);
      this.#finish(id);
    }
  }

  #finish(id: string): void {
    const waiting = this.#present.get(id)?.waiting ?? [];
    this.#present.delete(id);
    this.#successful.add(id);
    for (const task of waiting) this.#skip(task);
  }

  #skip(task: TaskHandle): void {
    this.#options.host.logger.info(`${task.label}: Task already completed successfully.`);
    task.ack();
  }
}
