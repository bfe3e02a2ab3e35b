import { toError } from '../contract/errors.ts';
import type { Transport } from '../transport/transport.ts';
import type { RequestHost } from './host.ts';
import { RevokedResults } from './revoked-results.ts';
import type { Schedule } from './schedule.ts';

export interface RevocationsOptions {
  readonly host: RequestHost;
  readonly transport: Transport;
  readonly schedule: Schedule;
}

/**
 * Which tasks must not run, from every side that tells: remote control, other workers, and what the broker kept for
 * workers that were not there to be told. ETA tasks among them are given up at once.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #results: RevokedResults;
  #unsubscribe: (() => void) | null = null;

  constructor(options: RevocationsOptions) {
    this.#options = options;
    this.#results = new RevokedResults(options.host.results);
  }

  /** Learns what was revoked while nobody here listened, now and after every lost connection. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#options.transport.onReconnect(() => void this.#recall());
    await this.#recall();
  }

  /** Waits until those who wait for revoked tasks are told. */
  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#results.flush();
  }

  /** Tasks are revoked from now on. Those that nobody here runs are stored as REVOKED. */
  flag(ids: readonly string[]): void {
    const { ledger } = this.#options.host;
    for (const id of ids) ledger.revoked.add(id);
    this.#discardScheduled(ids);
    const running = new Set([...ledger.active].map(({ request }) => request.id));
    this.#results.add(ids.filter((id) => !running.has(id)));
  }

  /** Tasks that will be ended now if they run; what becomes of them is stored then. */
  flagRunning(ids: readonly string[]): void {
    const { ledger } = this.#options.host;
    for (const id of ids) ledger.revoked.add(id);
    this.#discardScheduled(ids);
  }

  /** What another worker knows: ids with the time when each was revoked. */
  learn(entries: Iterable<readonly [string, number]>): void {
    const { revoked } = this.#options.host.ledger;
    const news = new Set<string>();
    for (const [id, at] of entries) {
      if (revoked.has(id)) continue;
      revoked.add(id, at);
      news.add(id);
    }
    if (news.size > 0) this.#options.schedule.discard(news);
  }

  /** Celery keeps a revoked ETA task in memory until its time; there is no reason to wait. */
  #discardScheduled(ids: readonly string[]): void {
    const { schedule } = this.#options;
    if (schedule.size > 0) schedule.discard(new Set(ids));
  }

  async #recall(): Promise<void> {
    const { transport, host } = this.#options;
    try {
      this.learn((await transport.revokedTasks?.read()) ?? []);
    } catch (error) {
      host.logger.warning(`Cannot read which tasks were revoked meanwhile: ${toError(error).message}`);
    }
  }
}
