import type { ThroughputBucket } from '../contract/records.ts';
import { Histogram } from './histogram.ts';

/** What happened in one step of time. */
export interface Bucket {
  readonly at: number;
  success: number;
  retry: number;
  failure: number;
  readonly wait: Histogram;
  readonly run: Histogram;
  /** Last sample in the step; null before the first. */
  waiting: number | null;
  slotsBusy: number | null;
  slotsTotal: number | null;
}

export type Outcome = 'success' | 'retry' | 'failure';

export function emptyBucket(at: number): Bucket {
  return {
    at,
    success: 0,
    retry: 0,
    failure: 0,
    wait: new Histogram(),
    run: new Histogram(),
    waiting: null,
    slotsBusy: null,
    slotsTotal: null,
  };
}

/** Buckets of one width, the oldest dropped. */
class BucketLine {
  readonly stepSeconds: number;
  readonly #capacity: number;
  readonly #buckets = new Map<number, Bucket>();
  #newest = 0;

  constructor(stepSeconds: number, capacity: number) {
    this.stepSeconds = stepSeconds;
    this.#capacity = capacity;
  }

  at(time: number): Bucket {
    const at = Math.floor(time / this.stepSeconds) * this.stepSeconds;
    const known = this.#buckets.get(at);
    if (known) return known;
    const bucket = emptyBucket(at);
    this.put(bucket);
    return bucket;
  }

  find(at: number): Bucket | undefined {
    return this.#buckets.get(at);
  }

  put(bucket: Bucket): void {
    this.#buckets.set(bucket.at, bucket);
    this.#newest = Math.max(this.#newest, bucket.at);
    if (this.#buckets.size <= this.#capacity) return;
    const oldest = this.#newest - this.#capacity * this.stepSeconds;
    for (const at of this.#buckets.keys()) if (at <= oldest) this.#buckets.delete(at);
  }
}

const FINE_STEP = 10;
const COARSE_STEP = 60;
const DAY = 24 * 3600;

/** Outcomes and latencies over time: steps of ten seconds for a day, of a minute for a week. */
export class Throughput {
  readonly #fine = new BucketLine(FINE_STEP, DAY / FINE_STEP);
  readonly #coarse = new BucketLine(COARSE_STEP, (7 * DAY) / COARSE_STEP);
  readonly #dirty = new Set<string>();

  finish(outcome: Outcome, at: number, now: number): void {
    for (const bucket of this.#both(at, now)) bucket[outcome] += 1;
  }

  waited(seconds: number, at: number, now: number): void {
    for (const bucket of this.#both(at, now)) bucket.wait.add(seconds);
  }

  ran(seconds: number, at: number, now: number): void {
    for (const bucket of this.#both(at, now)) bucket.run.add(seconds);
  }

  sample(now: number, waiting: number, slotsBusy: number, slotsTotal: number): void {
    for (const bucket of this.#both(now, now)) {
      bucket.waiting = waiting;
      bucket.slotsBusy = slotsBusy;
      bucket.slotsTotal = slotsTotal;
    }
  }

  /** Buckets of `stepSeconds` (a multiple of ten; of sixty beyond a day) over the last `seconds`, gaps filled. */
  range(now: number, seconds: number, stepSeconds: number): Bucket[] {
    const line = stepSeconds < COARSE_STEP ? this.#fine : this.#coarse;
    const last = Math.floor(now / stepSeconds) * stepSeconds;
    const merged: Bucket[] = [];
    for (let at = last - seconds + stepSeconds; at <= last; at += stepSeconds) {
      const sum = emptyBucket(at);
      for (let part = at; part < at + stepSeconds; part += line.stepSeconds) {
        const bucket = line.find(part);
        if (bucket) mergeInto(sum, bucket);
      }
      merged.push(sum);
    }
    return merged;
  }

  /** One bucket of everything in the last `seconds`, to the ten seconds. */
  sum(now: number, seconds: number): Bucket {
    const sum = emptyBucket(now - seconds);
    const last = Math.floor(now / FINE_STEP) * FINE_STEP;
    for (let at = last - seconds + FINE_STEP; at <= last; at += FINE_STEP) {
      const bucket = this.#fine.find(at);
      if (bucket) mergeInto(sum, bucket);
    }
    return sum;
  }

  /** Buckets changed since the last call, to be stored. */
  takeDirty(): { stepSeconds: number; bucket: Bucket }[] {
    const taken: { stepSeconds: number; bucket: Bucket }[] = [];
    for (const key of this.#dirty) {
      const [step = 0, at = 0] = key.split(':').map(Number);
      const bucket = this.#lineOf(step).find(at);
      if (bucket) taken.push({ stepSeconds: step, bucket });
    }
    this.#dirty.clear();
    return taken;
  }

  restore(stepSeconds: number, bucket: Bucket): void {
    if (stepSeconds === FINE_STEP || stepSeconds === COARSE_STEP) this.#lineOf(stepSeconds).put(bucket);
  }

  #lineOf(stepSeconds: number): BucketLine {
    return stepSeconds === FINE_STEP ? this.#fine : this.#coarse;
  }

  /** The two buckets of a time. Times ahead of ours (a host with a fast clock) count as now. */
  #both(at: number, now: number): readonly Bucket[] {
    const time = Math.min(Math.max(at, now - DAY), now);
    const both = [this.#fine.at(time), this.#coarse.at(time)] as const;
    this.#dirty.add(`${FINE_STEP}:${both[0].at}`);
    this.#dirty.add(`${COARSE_STEP}:${both[1].at}`);
    return both;
  }
}

function mergeInto(sum: Bucket, part: Bucket): void {
  sum.success += part.success;
  sum.retry += part.retry;
  sum.failure += part.failure;
  sum.wait.merge(part.wait);
  sum.run.merge(part.run);
  sum.waiting = part.waiting ?? sum.waiting;
  sum.slotsBusy = part.slotsBusy ?? sum.slotsBusy;
  sum.slotsTotal = part.slotsTotal ?? sum.slotsTotal;
}

export function toThroughputBucket(bucket: Bucket): ThroughputBucket {
  return {
    at: bucket.at,
    success: bucket.success,
    retry: bucket.retry,
    failure: bucket.failure,
    waitP50: bucket.wait.quantile(0.5),
    waitP95: bucket.wait.quantile(0.95),
    runP50: bucket.run.quantile(0.5),
    runP95: bucket.run.quantile(0.95),
  };
}
