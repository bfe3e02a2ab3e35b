import { toError } from '../../contract/errors.ts';
import { encodeJson } from '../../protocol/json.ts';
import type { HeapTimer, Timed, TimerEntry } from '../timer/heap-timer.ts';
import type { Carrier, StartCarrier } from './carrier.ts';
import { Handling } from './handling.ts';
import { type ChildSettings, type FromChild, isFromChild } from './ipc.ts';
import type { Job, JobLoss } from './pool.ts';

export interface ChildListener {
  onReady(child: Child): void;
  /** It has ended its task and may get the next. */
  onIdle(child: Child): void;
  /** It is gone. Its job, if it had one, is told after this. */
  onExit(child: Child, exit: ChildExit): void;
}

export interface ChildExit {
  /** `signal 9 (SIGKILL)` or `exitcode 1`, as Celery words it. */
  readonly text: string;
  /** It was ready before: its app loads. */
  readonly wasReady: boolean;
  /** What it said when it could not load the app. */
  readonly complaint: string | null;
}

export interface ChildOptions {
  /** `ForkPoolWorker-1`. */
  readonly name: string;
  readonly start: StartCarrier;
  readonly settings: ChildSettings;
  /** Counts durations. */
  readonly timer: HeapTimer;
  /** It must be ready by then. */
  readonly aliveTimeoutMs: number;
  readonly listener: ChildListener;
}

/** So long may a child take to close what it has open. It gives itself two seconds. */
const LEAVE_MS = 10_000;

/**
 * One process or thread of a pool: starting → idle ⇄ busy → gone. It runs one task at a time. A retiring one gets no
 * new task and ends after the present one. The limits of its task are timed here: a child that computes could not.
 */
export class Child implements Timed {
  readonly name: string;
  job: Job | null = null;
  /** Tasks that it has ended. */
  doneCount = 0;
  /** Resident memory after its last task; null when not asked for. */
  memoryBytes: number | null = null;
  isReady = false;
  isRetiring = false;
  readonly #carrier: Carrier;
  readonly #listener: ChildListener;
  readonly #timer: HeapTimer;
  readonly #readiness: TimerEntry;
  #limit: TimerEntry | null = null;
  #jobNumber = 0;
  #isSoftNext = false;
  /** Why it is about to die, when we are the reason. */
  #loss: JobLoss | null = null;
  /** The body of its job has ended, and has handlers. */
  #handling: Handling | null = null;
  #isDying = false;
  #isLate = false;
  #complaint: string | null = null;

  constructor({ name, start, settings, timer, aliveTimeoutMs, listener }: ChildOptions) {
    this.name = name;
    this.#timer = timer;
    this.#listener = listener;
    this.#carrier = start({
      onMessage: (message) => this.#onMessage(message),
      onGone: (text) => this.#onGone(text),
    });
    this.#carrier.send({ umbel: 'init', settings });
    this.#readiness = timer.after(aliveTimeoutMs, {
      onTime: () => {
        this.#isLate = true;
        this.kill('SIGKILL', null);
      },
    });
  }

  get pid(): number {
    return this.#carrier.pid;
  }

  /** `number` counts the pool's jobs, for the text of a lost one. */
  run(job: Job, number: number): void {
    this.job = job;
    this.#jobNumber = number;
    if (job.softTimeLimit !== null || job.timeLimit !== null) this.#armFirst(job);
    this.#sendRequest(job);
    job.onAccepted(this.pid);
  }

  /** Kills it; its job is then lost for the given reason. */
  kill(signal: NodeJS.Signals, loss: JobLoss | null): void {
    this.#loss ??= loss;
    this.#isDying = true;
    this.#carrier.kill(signal);
  }

  /** Tells its task that the soft limit has passed. */
  interrupt(): void {
    this.#carrier.send({ umbel: 'soft-limit' });
  }

  /** Lets it end: at once when it starts or is idle, else after its task. */
  retire(): void {
    this.isRetiring = true;
    if (!this.isReady) this.kill('SIGKILL', null);
    else if (this.job === null) this.#leave();
  }

  onTime(): void {
    this.#limit = null;
    const { job } = this;
    if (job === null) return;
    if (!this.#isSoftNext) {
      this.kill('SIGKILL', { kind: 'timeout', seconds: job.timeLimit ?? 0 });
      return;
    }
    this.#isSoftNext = false;
    job.onSoftLimit(job.softTimeLimit ?? 0);
    this.interrupt();
    if (job.timeLimit === null) return;
    this.#limit = this.#timer.after(Math.max(0, job.timeLimit - (job.softTimeLimit ?? 0)) * 1000, this);
  }

  #armFirst({ timeLimit, softTimeLimit }: Job): void {
    this.#isSoftNext = softTimeLimit !== null && (timeLimit === null || softTimeLimit < timeLimit);
    this.#limit = this.#timer.after(((this.#isSoftNext ? softTimeLimit : timeLimit) ?? 0) * 1000, this);
  }

  #sendRequest({ request }: Job): void {
    try {
      this.#carrier.send({ umbel: 'run', request });
    } catch {
      // A header with a bigint: the channel's own JSON cannot write it.
      this.#carrier.send({ umbel: 'run-text', text: encodeJson(request) });
    }
  }

  #onMessage(message: unknown): void {
    if (!isFromChild(message)) return;
    switch (message.umbel) {
      case 'ready':
        this.isReady = true;
        this.#timer.cancel(this.#readiness);
        this.#listener.onReady(this);
        return;
      case 'unusable':
        this.#complaint = message.message;
        return;
      case 'outcome':
        this.#onOutcome(message);
        return;
      case 'handled':
        this.#onHandled(message);
        return;
      case 'state':
        void this.#storeState(message);
        return;
      case 'event':
        this.job?.sendEvent(message.type, message.fields);
        return;
    }
  }

  #onOutcome({ outcome, memoryBytes, hasHandlers }: FromChild & { umbel: 'outcome' }): void {
    if (hasHandlers === true) {
      this.#handling = new Handling(() => this.#carrier.send({ umbel: 'handle' }));
      this.job?.onOutcome(outcome, this.#handling.handle);
      return;
    }
    const job = this.#takeJob();
    this.doneCount += 1;
    this.memoryBytes = memoryBytes;
    job?.onOutcome(outcome, null);
    this.#onDone();
  }

  #onHandled({ complaint, memoryBytes }: FromChild & { umbel: 'handled' }): void {
    const handling = this.#handling;
    this.#handling = null;
    this.#takeJob();
    this.doneCount += 1;
    this.memoryBytes = memoryBytes;
    handling?.end(complaint);
    this.#onDone();
  }

  #onDone(): void {
    // Its last words were faster than the signal, or its task catches signals: it gets no other task, and has to go.
    if (this.isRetiring || this.#isDying) this.#leave();
    else this.#listener.onIdle(this);
  }

  /** Something that its tasks left behind may compute or wait for ever. */
  #leave(): void {
    this.#carrier.send({ umbel: 'exit' });
    this.#limit ??= this.#timer.after(LEAVE_MS, { onTime: () => this.kill('SIGKILL', null) });
  }

  async #storeState({ number, taskId, state, metaText }: FromChild & { umbel: 'state' }): Promise<void> {
    let error: string | null = null;
    try {
      await this.job?.storeState(taskId, state, metaText);
    } catch (thrown) {
      error = toError(thrown).message;
    }
    this.#carrier.send({ umbel: 'stored', number, error });
  }

  #onGone(text: string): void {
    this.#timer.cancel(this.#readiness);
    const wasReady = this.isReady;
    this.isReady = false;
    const job = this.#takeJob();
    this.#listener.onExit(this, {
      text: this.#isLate ? 'not ready in time' : text,
      wasReady,
      complaint: this.#complaint,
    });
    const loss: JobLoss = this.#loss ?? {
      kind: 'lost',
      reason: `Worker exited prematurely: ${text} Job: ${this.#jobNumber}.`,
    };
    if (this.#handling === null) job?.onLost(loss);
    else this.#handling.lose(loss);
  }

  #takeJob(): Job | null {
    const { job } = this;
    this.job = null;
    if (this.#limit !== null) this.#timer.cancel(this.#limit);
    this.#limit = null;
    return job;
  }
}
