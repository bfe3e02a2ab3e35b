import { type ChildProcess, fork } from 'node:child_process';
import { toError } from '../../contract/errors.ts';
import { encodeJson } from '../../protocol/json.ts';
import type { HeapTimer, Timed, TimerEntry } from '../timer/heap-timer.ts';
import { type ChildSettings, type FromChild, isFromChild, type ToChild } from './ipc.ts';
import type { Job, JobLoss } from './pool.ts';

export interface ChildListener {
  onReady(child: Child): void;
  /** It has ended its task and may get the next. */
  onIdle(child: Child): void;
  /** The process is gone; `job` is what it was running. */
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

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** Number of a signal by name; 0 when there is none. */
export function signalNumber(signal: string): number {
  return SIGNAL_NUMBERS[signal] ?? 0;
}

/**
 * One process of the prefork pool: starting → idle ⇄ busy → gone. It runs one task at a time. A retiring one gets no
 * new task and ends after the present one. The limits of its task are timed here: a child that computes could not.
 */
export class Child implements Timed {
  readonly settings: ChildSettings;
  job: Job | null = null;
  /** Tasks that it has ended. */
  doneCount = 0;
  /** Resident memory after its last task; null when not asked for. */
  memoryBytes: number | null = null;
  isReady = false;
  isRetiring = false;
  readonly #process: ChildProcess;
  readonly #listener: ChildListener;
  readonly #timer: HeapTimer;
  #limit: TimerEntry | null = null;
  #jobNumber = 0;
  #isSoftNext = false;
  /** Why it is about to die, when we are the reason. */
  #loss: JobLoss | null = null;
  #complaint: string | null = null;

  constructor(path: string, settings: ChildSettings, timer: HeapTimer, listener: ChildListener) {
    this.settings = settings;
    this.#timer = timer;
    this.#listener = listener;
    this.#process = fork(path, [], { serialization: 'json', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#process.on('message', (message) => this.#onMessage(message));
    // A channel that breaks is followed by `exit`, which says all there is to say; so is a failed spawn.
    this.#process.on('error', () => {});
    this.#process.once('exit', (code, signal) => this.#onExit(code, signal));
    this.#send({ umbel: 'init', settings });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isIdle(): boolean {
    return this.isReady && this.job === null && !this.isRetiring;
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
    this.#process.kill(signal);
  }

  /** Lets it end: at once when idle, else after its task. */
  retire(): void {
    this.isRetiring = true;
    if (this.job === null) this.#send({ umbel: 'exit' });
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
    this.#send({ umbel: 'soft-limit' });
    if (job.timeLimit === null) return;
    this.#limit = this.#timer.after(Math.max(0, job.timeLimit - (job.softTimeLimit ?? 0)) * 1000, this);
  }

  #armFirst({ timeLimit, softTimeLimit }: Job): void {
    this.#isSoftNext = softTimeLimit !== null && (timeLimit === null || softTimeLimit < timeLimit);
    this.#limit = this.#timer.after(((this.#isSoftNext ? softTimeLimit : timeLimit) ?? 0) * 1000, this);
  }

  #sendRequest({ request }: Job): void {
    try {
      this.#send({ umbel: 'run', request });
    } catch {
      // A header with a bigint: the channel's own JSON cannot write it.
      this.#send({ umbel: 'run-text', text: encodeJson(request) });
    }
  }

  #send(message: ToChild): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  #onMessage(message: unknown): void {
    if (!isFromChild(message)) return;
    switch (message.umbel) {
      case 'ready':
        this.isReady = true;
        this.#listener.onReady(this);
        return;
      case 'unusable':
        this.#complaint = message.message;
        return;
      case 'outcome':
        this.#onOutcome(message);
        return;
      case 'state':
        void this.#storeState(message);
        return;
      case 'event':
        this.job?.sendEvent(message.type, message.fields);
        return;
    }
  }

  #onOutcome({ outcome, memoryBytes }: FromChild & { umbel: 'outcome' }): void {
    const job = this.#takeJob();
    this.doneCount += 1;
    this.memoryBytes = memoryBytes;
    job?.onOutcome(outcome);
    if (this.isRetiring) this.#send({ umbel: 'exit' });
    else this.#listener.onIdle(this);
  }

  async #storeState({ number, taskId, state, metaText }: FromChild & { umbel: 'state' }): Promise<void> {
    let error: string | null = null;
    try {
      await this.job?.storeState(taskId, state, metaText);
    } catch (thrown) {
      error = toError(thrown).message;
    }
    this.#send({ umbel: 'stored', number, error });
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    const text = signal === null ? `exitcode ${code ?? 0}` : `signal ${signalNumber(signal)} (${signal})`;
    const wasReady = this.isReady;
    this.isReady = false;
    const job = this.#takeJob();
    this.#listener.onExit(this, { text, wasReady, complaint: this.#complaint });
    job?.onLost(
      this.#loss ?? { kind: 'lost', reason: `Worker exited prematurely: ${text} Job: ${this.#jobNumber}.` },
    );
  }

  #takeJob(): Job | null {
    const { job } = this;
    this.job = null;
    if (this.#limit !== null) this.#timer.cancel(this.#limit);
    this.#limit = null;
    return job;
  }
}
