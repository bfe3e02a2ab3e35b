import type { Celery } from '../../app/celery.ts';
import type { TaskServices } from '../../app/context.ts';
import type { Traced } from '../../app/trace-outcome.ts';
import { traceTask } from '../../app/tracer.ts';
import { UmbelError } from '../../contract/errors.ts';
import { SoftTimeLimitExceeded } from '../../protocol/celery-errors.ts';
import { encodeJson } from '../../protocol/json.ts';
import type { TaskRequest } from '../../protocol/task-message.ts';
import type { MaybePromise } from '../../util/maybe-promise.ts';
import type { FromChild } from './ipc.ts';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * One task running in a pool child. States and events go to the worker, which writes them with the rest: so a PROGRESS
 * can never arrive after the outcome.
 */
export class ChildRun implements TaskServices {
  readonly hostname: string;
  readonly #send: (message: FromChild) => void;
  readonly #controller = new AbortController();
  readonly #waiters = new Map<number, Waiter>();
  #stored = 0;

  constructor(hostname: string, send: (message: FromChild) => void) {
    this.hostname = hostname;
    this.#send = send;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  trace(app: Celery, request: TaskRequest): MaybePromise<Traced> {
    return traceTask(app, request, this);
  }

  updateState(taskId: string, state: string, meta: unknown): Promise<void> {
    this.#stored += 1;
    const number = this.#stored;
    const metaText = encodeJson(meta);
    return new Promise((resolve, reject) => {
      this.#waiters.set(number, { resolve, reject });
      this.#send({ umbel: 'state', number, taskId, state, metaText });
    });
  }

  sendEvent(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#send({ umbel: 'event', type, fields });
  }

  softLimit(): void {
    this.#controller.abort(new SoftTimeLimitExceeded());
  }

  /** The worker has stored the state of that number, or could not. */
  stored(number: number, error: string | null): void {
    const waiter = this.#waiters.get(number);
    this.#waiters.delete(number);
    if (error === null) waiter?.resolve();
    else waiter?.reject(new UmbelError('unavailable', error));
  }
}
