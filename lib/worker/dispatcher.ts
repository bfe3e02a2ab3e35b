import { Fifo } from '../util/fifo.ts';
import type { Logger } from '../util/logger.ts';
import type { TaskHandle } from './handle.ts';
import type { Pool } from './pool/pool.ts';
import { TokenBucket } from './rate-limit.ts';
import type { Results } from './results.ts';
import type { HeapTimer, Timed } from './timer/heap-timer.ts';

/** Tasks that compute in this process leave room for heartbeats and leases after so many milliseconds. */
const MAX_TURN_MS = 20;

/** Tasks of one name that wait for their rate limit. */
class Lane implements Timed {
  readonly bucket: TokenBucket;
  readonly waiting = new Fifo<TaskHandle>();
  readonly #onToken: (lane: Lane) => void;

  constructor(ratePerSecond: number, onToken: (lane: Lane) => void) {
    this.bucket = new TokenBucket(ratePerSecond);
    this.#onToken = onToken;
  }

  onTime(): void {
    this.#onToken(this);
  }
}

/** Hands tasks that may start to the pool, oldest first, as it has room; rate-limited ones as their limit lets them. */
export class Dispatcher {
  readonly #logger: Logger;
  readonly #results: Results;
  readonly #timer: HeapTimer;
  readonly #waiting = new Fifo<TaskHandle>();
  readonly #lanes = new Map<string, Lane>();
  #pool: Pool | null = null;
  #isPaused = false;
  /** The broker is asked whether what waits here is still ours. */
  #isAsking = false;
  #isPumping = false;

  /** `timer` counts durations. */
  constructor(results: Results, timer: HeapTimer, logger: Logger) {
    this.#logger = logger;
    this.#results = results;
    this.#timer = timer;
  }

  /** The pool is made after us: it calls `pump` when it has room. */
  attach(pool: Pool): void {
    this.#pool = pool;
  }

  /** Takes a task that may start. Call `pump` after the last of a batch. */
  push(request: TaskHandle): void {
    const { ratePerSecond, name } = request.profile;
    if (ratePerSecond === 0) this.#waiting.push(request);
    else this.#pushLimited(request, name, ratePerSecond);
  }

  /** Starts what the pool has room for. */
  pump(): void {
    const pool = this.#pool;
    // A task that needs no waiting is over before `run` returns, and its pool says at once that there is room again.
    if (pool === null || this.#isPumping) return;
    this.#isPumping = true;
    try {
      const until = performance.now() + MAX_TURN_MS;
      while (pool.hasRoom && !this.#isPaused && !this.#isAsking && !this.#results.isBehind) {
        const request = this.#waiting.shift();
        if (request === undefined) return;
        const isOwned = request.isOwned();
        if (typeof isOwned !== 'boolean') {
          void this.#askFor(request, isOwned);
          return;
        }
        if (isOwned === true) this.#begin(request, pool);
        else this.#drop(request);
        if (performance.now() > until) {
          setImmediate(() => this.pump());
          return;
        }
      }
    } finally {
      this.#isPumping = false;
    }
  }

  #begin(request: TaskHandle, pool: Pool): void {
    // Revoked or expired while it waited.
    if (!request.discardIfRevoked()) pool.run(request);
  }

  async #askFor(request: TaskHandle, asked: Promise<boolean>): Promise<void> {
    this.#isAsking = true;
    const isOwned = await asked;
    this.#isAsking = false;
    if (!isOwned) this.#drop(request);
    else if (this.#pool !== null && !this.#isPaused) this.#begin(request, this.#pool);
    else request.release();
    this.pump();
  }

  #drop(request: TaskHandle): void {
    request.drop();
    this.#logger.warning(`Task ${request.label} is not started: its lease ended and another worker has it.`);
  }

  /** Tasks that only wait for a slot. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Received but not started: `inspect reserved`. */
  waiting(): TaskHandle[] {
    return [...this.#waiting, ...[...this.#lanes.values()].flatMap((lane) => [...lane.waiting])];
  }

  /** Rates changed: every lane begins anew with its present rate. */
  resetRates(): void {
    const limited = [...this.#lanes.values()].flatMap((lane) => lane.waiting.drain());
    this.#lanes.clear();
    for (const request of limited) this.push(request);
    this.pump();
  }

  /** Starts nothing more and gives back what waits, oldest first. */
  close(): TaskHandle[] {
    this.#isPaused = true;
    return this.drain();
  }

  /** Gives back what waits, oldest first. */
  drain(): TaskHandle[] {
    return [...this.#waiting.drain(), ...[...this.#lanes.values()].flatMap((lane) => lane.waiting.drain())];
  }

  #pushLimited(request: TaskHandle, name: string, ratePerSecond: number): void {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(ratePerSecond, this.#onToken);
      this.#lanes.set(name, lane);
    }
    lane.waiting.push(request);
    // With others before it a timer runs already.
    if (lane.waiting.size === 1) this.#serve(lane);
  }

  readonly #onToken = (lane: Lane): void => {
    // A lane of before `resetRates` is empty by now.
    this.#serve(lane);
    this.pump();
  };

  #serve(lane: Lane): void {
    while (lane.waiting.size > 0) {
      const waitMs = lane.bucket.take();
      if (waitMs > 0) {
        this.#timer.after(waitMs, lane);
        return;
      }
      const request = lane.waiting.shift();
      if (request !== undefined) this.#waiting.push(request);
    }
  }
}
