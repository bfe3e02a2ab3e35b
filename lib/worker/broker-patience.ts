import type { Config } from '../app/config.ts';
import { UmbelError } from '../contract/errors.ts';
import { MAX_TIMER_MS } from '../util/clock.ts';

const STEP_SECONDS = 2;
const LONGEST_SECONDS = 32;
const LONGEST_FROM = LONGEST_SECONDS / STEP_SECONDS;

/** How often a broker that is away is tried again: `broker_connection_max_retries`, of which null and 0 are no limit. */
export function retryLimit({ broker_connection_max_retries: limit }: Config): number {
  return limit || Number.POSITIVE_INFINITY;
}

/** Celery's wait before a retry: 2 s before the first, 2 s more before each that follows, 32 s at most. */
export function waitSeconds(retry: number): number {
  return Math.min(retry * STEP_SECONDS, LONGEST_SECONDS);
}

/** All waits of so many retries together. */
export function allWaitsSeconds(retries: number): number {
  const rising = Math.max(0, Math.min(retries, LONGEST_FROM));
  return (STEP_SECONDS * rising * (rising + 1)) / 2 + Math.max(0, retries - LONGEST_FROM) * LONGEST_SECONDS;
}

/**
 * Gives up a broker that went away while the worker worked: at once without `broker_connection_retry`, else after the
 * time in which Celery would have made its last retry (celery/worker/consumer/consumer.py `start`, `ensure_connected`).
 */
export class BrokerPatience {
  readonly #conf: Config;
  readonly #giveUp: (why: UmbelError) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(conf: Config, giveUp: (why: UmbelError) => void) {
    this.#conf = conf;
    this.#giveUp = giveUp;
  }

  lost(): void {
    if (!this.#conf.broker_connection_retry) {
      this.#giveUp(
        new UmbelError(
          'unavailable',
          'Retrying to re-establish a connection to the message broker after a connection loss has been disabled ' +
            '(app.conf.broker_connection_retry=False). Shutting down...',
        ),
      );
      return;
    }
    const retries = retryLimit(this.#conf);
    const ms = allWaitsSeconds(retries) * 1000;
    if (ms > MAX_TIMER_MS) return;
    this.end();
    const why = `The broker has been away for ${ms / 1000} seconds: broker_connection_max_retries is ${retries}. Shutting down...`;
    this.#timer = setTimeout(() => this.#giveUp(new UmbelError('unavailable', why)), ms);
  }

  /** It is back, or the worker ends. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
