import type { Celery } from '../../app/celery.ts';
import type { TaskServices } from '../../app/context.ts';
import type { RunHandlers, Traced } from '../../app/trace-outcome.ts';
import { traceTask } from '../../app/tracer.ts';
import { SoftTimeLimitExceeded, Terminated, TimeLimitExceeded } from '../../protocol/celery-errors.ts';
import { encodeJson } from '../../protocol/json.ts';
import { whenDone } from '../../util/maybe-promise.ts';
import type { HeapTimer, Timed, TimerEntry } from '../timer/heap-timer.ts';
import { Handling } from './handling.ts';
import type { Job, JobLoss } from './pool.ts';

/**
 * One task running in the worker's own event loop. It ends once: with the outcome of its promise and its handlers, or
 * earlier when a hard limit or a terminate abandons it; what the promise says after that is dropped.
 */
export class InLoopRun implements TaskServices, Timed {
  readonly job: Job;
  readonly hostname: string;
  readonly #timer: HeapTimer;
  readonly #onEnd: (run: InLoopRun) => void;
  #controller: AbortController | null = null;
  #limit: TimerEntry | null = null;
  /** Which limit `#limit` waits for. */
  #isSoftNext = false;
  #isEnded = false;
  /** Its body has ended, and has handlers. */
  #handling: Handling | null = null;

  constructor(job: Job, hostname: string, timer: HeapTimer, onEnd: (run: InLoopRun) => void) {
    this.hostname = hostname;
    this.job = job;
    this.#timer = timer;
    this.#onEnd = onEnd;
  }

  /** Made when first asked for: most tasks never look. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  start(app: Celery): void {
    const { job } = this;
    job.onAccepted(process.pid);
    if (job.softTimeLimit !== null || job.timeLimit !== null) this.#armFirst();
    void whenDone(traceTask(app, job.request, this), this.#onTraced);
  }

  updateState(taskId: string, state: string, meta: unknown): Promise<void> {
    return this.job.storeState(taskId, state, encodeJson(meta));
  }

  sendEvent(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.job.sendEvent(type, fields);
  }

  abandon(loss: JobLoss): void {
    if (this.#end()) {
      if (this.#handling === null) this.job.onLost(loss);
      else this.#handling.lose(loss);
    }
    this.#abort(loss.kind === 'timeout' ? new TimeLimitExceeded(loss.seconds) : new Terminated(loss.kind));
    this.#onEnd(this);
  }

  /** Tells the task that its soft limit has passed. */
  interrupt(): void {
    this.#abort(new SoftTimeLimitExceeded());
  }

  onTime(): void {
    const { timeLimit, softTimeLimit } = this.job;
    this.#limit = null;
    if (!this.#isSoftNext) {
      this.abandon({ kind: 'timeout', seconds: timeLimit ?? 0 });
      return;
    }
    this.#isSoftNext = false;
    this.job.onSoftLimit(softTimeLimit ?? 0);
    this.interrupt();
    if (timeLimit === null) return;
    this.#limit = this.#timer.after(Math.max(0, timeLimit - (softTimeLimit ?? 0)) * 1000, this);
  }

  #armFirst(): void {
    const { timeLimit, softTimeLimit } = this.job;
    this.#isSoftNext = softTimeLimit !== null && (timeLimit === null || softTimeLimit < timeLimit);
    const seconds = (this.#isSoftNext ? softTimeLimit : timeLimit) ?? 0;
    this.#limit = this.#timer.after(seconds * 1000, this);
  }

  readonly #onTraced = ({ outcome, handlers }: Traced): void => {
    if (handlers !== null) {
      if (this.#isEnded) return;
      this.#handling = new Handling(() => void this.#handle(handlers));
      this.job.onOutcome(outcome, this.#handling.handle);
      return;
    }
    if (!this.#end()) return;
    this.job.onOutcome(outcome, null);
    this.#onEnd(this);
  };

  async #handle(handlers: RunHandlers): Promise<void> {
    const failure = await handlers();
    if (!this.#end()) return;
    this.#handling?.end(failure?.traceback ?? null);
    this.#onEnd(this);
  }

  /** True the first time. */
  #end(): boolean {
    if (this.#isEnded) return false;
    this.#isEnded = true;
    if (this.#limit !== null) this.#timer.cancel(this.#limit);
    return true;
  }

  #abort(reason: Error): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}
