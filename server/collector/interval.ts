import { toError } from '../../lib/contract/errors.ts';
import type { Logger } from '../../lib/util/logger.ts';

/** Does something every so often: never twice at once, and a failure is a line in the log, not the end of it. */
export class Interval {
  readonly #work: () => Promise<void> | void;
  readonly #everyMs: number;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #isStopped = true;
  #lastFailure = '';

  constructor(everyMs: number, logger: Logger, work: () => Promise<void> | void) {
    this.#everyMs = everyMs;
    this.#logger = logger;
    this.#work = work;
  }

  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#schedule();
  }

  /** Waits for the run under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  /** Runs at once, out of turn. */
  runNow(): Promise<void> {
    const previous = this.#running;
    this.#running = previous.then(() => this.#run());
    return this.#running;
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      void this.runNow().then(() => this.#schedule());
    }, this.#everyMs);
  }

  async #run(): Promise<void> {
    try {
      await this.#work();
      this.#lastFailure = '';
    } catch (thrown) {
      const { message } = toError(thrown);
      if (message !== this.#lastFailure) this.#logger.warning(message);
      this.#lastFailure = message;
    }
  }
}
