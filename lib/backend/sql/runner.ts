import { UmbelError } from '../../contract/errors.ts';
import { backoffMs } from '../../util/backoff.ts';
import type { Database, Row, Value } from './database.ts';
import { codeOf, reasonOf } from './failures.ts';

const FIRST_WAIT_MS = 10;
const PATIENCE_MS = 10_000;
/** Data exceptions: class 22 of PostgreSQL, and those of MySQL's strict mode. */
const REFUSED = /^(22\w{3}|ER_DATA_|ER_TRUNCATED_|ER_WARN_DATA_)/;

/**
 * Runs statements, again for ten seconds while the database is away or somebody holds a lock. Each must do no harm when it
 * runs twice. Throws `UmbelError`: `bad_request` for values that the columns do not take, else `unavailable`.
 */
export class Runner {
  readonly #database: Database;
  readonly #display: string;
  #isClosed = false;

  constructor(database: Database, display: string) {
    this.#database = database;
    this.#display = display;
  }

  async run(what: string, sql: string, parameters: readonly Value[]): Promise<readonly Row[]> {
    const deadline = Date.now() + PATIENCE_MS;
    const backoff = { baseMs: FIRST_WAIT_MS, maxMs: this.#database.longestWaitMs, jitter: true };
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#database.query(sql, parameters);
      } catch (error) {
        const isOver = this.#isClosed || Date.now() > deadline;
        if (isOver || !this.#database.isPassing(error)) throw this.#failure(what, error);
      }
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, backoff)));
    }
  }

  /** No more tries. */
  close(): void {
    this.#isClosed = true;
  }

  #failure(what: string, error: unknown): Error {
    const reason = reasonOf(error);
    const hint = /too long/i.test(reason)
      ? '. The column holds 64 KiB in MySQL: ALTER TABLE … MODIFY it to LONGBLOB (result) or LONGTEXT (traceback)'
      : '';
    const code = REFUSED.test(codeOf(error)) ? 'bad_request' : 'unavailable';
    return new UmbelError(code, `Cannot ${what} at ${this.#display}: ${reason}${hint}.`, {
      cause: error,
    });
  }
}
