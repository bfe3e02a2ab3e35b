import { toError } from '../contract/errors.ts';
import type { Logger } from '../util/logger.ts';

/** A broker or store that is away must not keep a worker from ending for longer than this, over all steps together. */
const BUDGET_MS = 10_000;
/** What later steps get once the budget is spent: enough for what needs no answer. */
const REST_MS = 300;

/** Waits for the steps of a shutdown, but not for ever. */
export class Patience {
  readonly #logger: Logger;
  #leftMs = BUDGET_MS;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Resolves when the work is done, has failed (a WARNING), or has taken too long. */
  async for(work: Promise<void>): Promise<void> {
    const startMs = performance.now();
    let timeout: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timeout = setTimeout(() => resolve('late'), Math.max(this.#leftMs, REST_MS));
    });
    const end = await Promise.race([work, late]).catch((error: unknown) => {
      this.#logger.warning(`While stopping: ${toError(error).message}`);
    });
    clearTimeout(timeout);
    const wasPatient = this.#leftMs > 0;
    this.#leftMs -= performance.now() - startMs;
    if (end === 'late' && wasPatient) {
      this.#logger.warning(
        'The broker does not answer; stopping without it. Unfinished tasks go back to their queues when their leases end.',
      );
    }
  }
}
