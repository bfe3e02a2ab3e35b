import { SignalEcho } from '../util/signal-echo.ts';
import type { Worker } from './worker.ts';

type Say = (line: string) => void;

/**
 * What signals do to a worker (celery/apps/worker.py): TERM and HUP stop it warmly with exit code 0, INT (Ctrl-C) warmly
 * with 1; a second INT, or QUIT, ends running tasks. After that one more INT or QUIT ends the process at once.
 * `REMAP_SIGTERM=SIGQUIT` makes TERM cold, for platforms that can send nothing else.
 */
export class WorkerSignals {
  readonly #worker: Worker;
  readonly #say: Say;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  readonly #echo = new SignalEcho();
  #isStopping = false;
  #isCold = false;

  constructor(worker: Worker, say: Say) {
    this.#worker = worker;
    this.#say = say;
  }

  install(): void {
    const onTerm = process.env['REMAP_SIGTERM'] === 'SIGQUIT' ? () => this.#cold(0) : () => this.#warm(0);
    this.#listen('SIGTERM', onTerm);
    this.#listen('SIGHUP', () => this.#warm(0));
    this.#listen('SIGINT', () => this.#interrupt());
    this.#listen('SIGQUIT', () => this.#cold(0));
  }

  remove(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
    this.#listeners.clear();
  }

  #listen(signal: NodeJS.Signals, listener: () => void): void {
    const hear = (): void => {
      if (!this.#echo.isEcho(signal)) listener();
    };
    this.#listeners.set(signal, hear);
    process.on(signal, hear);
  }

  #interrupt(): void {
    if (this.#isStopping) {
      this.#cold(1);
      return;
    }
    this.#say('\nworker: Hitting Ctrl+C again will initiate cold shutdown, terminating all running tasks!');
    this.#warm(1);
  }

  #warm(exitCode: number): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#say('\nworker: Warm shutdown (MainProcess)');
    void this.#worker.shutdown('warm', exitCode);
  }

  #cold(exitCode: number): void {
    if (this.#isCold) process.exit(1);
    this.#isStopping = true;
    this.#isCold = true;
    this.#say('\nworker: Cold shutdown (MainProcess)');
    void this.#worker.shutdown('cold', exitCode);
  }
}
