import { SignalEcho } from '../util/signal-echo.ts';
import type { Worker } from './worker.ts';

type Say = (line: string) => void;

/**
 * What signals do to a worker (celery/apps/worker.py). TERM stops it warmly with exit code 0, INT (Ctrl-C) warmly with
 * 1; a second INT, or QUIT, takes one step further:
 *
 *   running → warm → soft → cold → gone at once
 *
 * soft gives running tasks `worker_soft_shutdown_timeout` seconds and is left out when that is 0; cold ends them.
 * `REMAP_SIGTERM=SIGQUIT` makes TERM such a step, for platforms that can send nothing else. HUP stops it warmly and asks
 * for a restart, unless a terminal is attached: then HUP says that it was closed. USR1 logs what runs.
 */
export class WorkerSignals {
  readonly #worker: Worker;
  readonly #say: Say;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  readonly #echo = new SignalEcho();
  #stage: 'running' | 'warm' | 'soft' | 'cold' = 'running';
  #isRestartWanted = false;

  constructor(worker: Worker, say: Say) {
    this.#worker = worker;
    this.#say = say;
  }

  /** The last thing asked for was a restart. */
  get isRestartWanted(): boolean {
    return this.#isRestartWanted;
  }

  install(): void {
    const isTermCold = process.env['REMAP_SIGTERM'] === 'SIGQUIT';
    this.#listen('SIGTERM', () => (isTermCold ? this.#harder(0) : this.#warm(0)));
    this.#listen('SIGHUP', () => (process.stdout.isTTY ? this.#warm(0) : this.#restart()));
    this.#listen('SIGINT', () => this.#interrupt());
    this.#listen('SIGQUIT', () => this.#harder(0));
    this.#listen('SIGUSR1', () => this.#worker.reportRunning());
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
    if (this.#stage !== 'running') {
      this.#harder(1);
      return;
    }
    this.#say('\nworker: Hitting Ctrl+C again will initiate cold shutdown, terminating all running tasks!');
    this.#warm(1);
  }

  #restart(): void {
    if (this.#stage !== 'running') return;
    this.#say(`\nRestarting celery worker (${process.argv.slice(2).join(' ')})`);
    this.#warm(0);
    this.#isRestartWanted = true;
  }

  #warm(exitCode: number): void {
    this.#isRestartWanted = false;
    if (this.#stage !== 'running') return;
    this.#stage = 'warm';
    this.#say('\nworker: Warm shutdown (MainProcess)');
    void this.#worker.shutdown('warm', exitCode);
  }

  /** One step further. */
  #harder(exitCode: number): void {
    this.#isRestartWanted = false;
    if (this.#stage === 'cold') process.exit(1);
    if (this.#stage === 'soft') {
      this.#say('\nWaiting gracefully for cold shutdown to complete...');
    } else {
      this.#say('\nworker: Cold shutdown (MainProcess)');
      if (this.#worker.settings.softShutdownSeconds > 0) {
        this.#stage = 'soft';
        this.#say('worker: Hitting Ctrl+C again will terminate all running tasks!');
        void this.#worker.shutdown('soft', exitCode);
        return;
      }
    }
    this.#stage = 'cold';
    void this.#worker.shutdown('cold', exitCode);
  }
}
