import { Companion, type CompanionEnd } from './companion.ts';
import { EXIT } from './exit.ts';
import { say } from './output.ts';

export interface DevWorkerOptions {
  /** Words of the command line that starts the worker. */
  readonly start: readonly string[];
  /** Words of one that loads the app and ends, with 0 when it could. */
  readonly check: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Old code may run a long task to its end; after so long that is worth a word. */
const SLOW_STOP_MS = 3000;

/**
 * The worker of `umbel dev`: running → (a file changed) checking → stopping → running. New code that does not load leaves
 * the old worker at work; a worker that ends by itself after a change is started again with the next change. `ended`
 * resolves when it was told to stop and has, and when the very first one ends by itself.
 */
export class DevWorker {
  readonly ended: Promise<CompanionEnd>;
  readonly #options: DevWorkerOptions;
  #worker: Companion | null = null;
  #check: Companion | null = null;
  #generation = 0;
  #isStopping = false;
  #isReloading = false;
  #changedAgain: string | null = null;
  #finish: (end: CompanionEnd) => void = () => {};

  constructor(options: DevWorkerOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#launch();
  }

  /** Passes a signal on; after the first one no change starts anything. */
  signal(signal: NodeJS.Signals): void {
    this.#isStopping = true;
    this.#check?.signal('SIGTERM');
    this.#worker?.signal(signal);
    this.#settle({ code: EXIT.ok, signal: null });
  }

  /** Replaces the worker by one with the changed code. Changes meanwhile are one more round. */
  async reload(path: string): Promise<void> {
    if (this.#isStopping) return;
    if (this.#isReloading) {
      this.#changedAgain = path;
      return;
    }
    this.#isReloading = true;
    await this.#replace(path);
    this.#isReloading = false;
    const again = this.#changedAgain;
    this.#changedAgain = null;
    if (this.#isStopping) this.#settle({ code: EXIT.ok, signal: null });
    else if (again !== null) await this.reload(again);
  }

  async #replace(path: string): Promise<void> {
    const { check, env } = this.#options;
    this.#check = new Companion(check, env, { isSilent: true });
    const { code } = await this.#check.ended;
    this.#check = null;
    if (this.#isStopping) return;
    if (code !== EXIT.ok) {
      const still = this.#worker?.isRunning ? 'The worker goes on with the code before' : 'No worker runs';
      say(`dev: ${path} changed, but does not load. ${still} until the next change.`);
      return;
    }
    await this.#stopOld();
    if (this.#isStopping) return;
    say(`dev: ${path} changed: the worker starts again.`);
    this.#launch();
  }

  async #stopOld(): Promise<void> {
    const old = this.#worker;
    if (!old?.isRunning) return;
    this.#generation += 1;
    const slow = setTimeout(() => say('dev: The running tasks end first.'), SLOW_STOP_MS);
    old.signal('SIGTERM');
    await old.ended;
    clearTimeout(slow);
  }

  #launch(): void {
    const { start, env } = this.#options;
    const worker = new Companion(start, env);
    const generation = this.#generation;
    this.#worker = worker;
    void worker.ended.then((end) => {
      if (this.#isStopping) this.#settle(end);
      else if (generation === this.#generation) this.#onEndedAlone(end);
    });
  }

  /** Told to stop, and nothing runs any more. */
  #settle(end: CompanionEnd): void {
    if (!this.#isReloading && !this.#worker?.isRunning) this.#finish(end);
  }

  #onEndedAlone(end: CompanionEnd): void {
    if (this.#generation === 0) this.#finish(end);
    else say('dev: The worker has ended; it starts again with the next change.');
  }
}
