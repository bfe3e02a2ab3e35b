import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { ConnectionLost, messageOf } from '../../redis/failures.ts';
import { serverSeconds } from '../../redis/server-time.ts';
import type { Logger } from '../../util/logger.ts';

const MEASURE_EVERY_MS = 30_000;
/** Below it the two clocks count as one: measuring takes time itself. */
const TOLERANCE_MS = 1_000;

/**
 * The broker's time, by which all workers judge ETAs: one whose own clock is wrong, or is set while it runs, starts
 * nothing early or late because of it. Between two measurements it goes by a clock that nobody can set.
 */
export class BrokerClock {
  readonly #group: ConnectionGroup;
  readonly #logger: Logger;
  /** The broker's time when `performance.now()` was 0, in milliseconds; null before the first measurement. */
  #originMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #hasWarned = false;

  constructor(group: ConnectionGroup, logger: Logger) {
    this.#group = group;
    this.#logger = logger;
  }

  /** Milliseconds since the epoch. */
  nowMs(): number {
    const ownMs = Date.now();
    if (this.#originMs === null) return ownMs;
    const brokerMs = this.#originMs + performance.now();
    return Math.abs(brokerMs - ownMs) < TOLERANCE_MS ? ownMs : brokerMs;
  }

  async start(): Promise<void> {
    await this.#measure();
    this.#timer = setInterval(() => void this.#measure(), MEASURE_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #measure(): Promise<void> {
    if (!this.#group.isUp) return;
    try {
      const sentAt = performance.now();
      const seconds = await serverSeconds(this.#group.command);
      const answeredAt = performance.now();
      // It may be wrong by half of the way there and back: a server or a loop that stood still would set it off.
      if (answeredAt - sentAt > 2 * TOLERANCE_MS) return;
      const halfway = (sentAt + answeredAt) / 2;
      this.#originMs = seconds * 1000 - halfway;
      this.#warn();
    } catch (error) {
      // The next measurement tells; until then the last one holds.
      if (!(error instanceof ConnectionLost))
        this.#logger.debug(`No time from the broker: ${messageOf(error)}`);
    }
  }

  #warn(): void {
    const aheadSeconds = Math.round((Date.now() - this.nowMs()) / 1000);
    if (aheadSeconds === 0 || this.#hasWarned) return;
    this.#hasWarned = true;
    const side = aheadSeconds > 0 ? 'ahead of' : 'behind';
    this.#logger.warning(
      `The clock of this machine is ${Math.abs(aheadSeconds)} s ${side} the broker's. ETAs go by the broker's; ` +
        'times in logs and events are off. Set the clock.',
    );
  }
}
