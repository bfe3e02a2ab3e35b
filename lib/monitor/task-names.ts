import type { RuntimeSummary } from '../contract/records.ts';

const MAX_NAMES = 2000;
const MAX_RUNTIMES = 500;
const SLOT_SECONDS = 30;
const SLOTS = 10;
const HISTOGRAM_BARS = 24;

/** What is known of one task name: the runtimes of its last successes and how often it failed in five minutes. */
class NameStats {
  readonly runtimes: number[] = [];
  firstFailure: number | null = null;
  lastException: string | null = null;
  #next = 0;
  #p95: number | null = null;
  #isP95Fresh = false;
  readonly #runs = new Uint32Array(SLOTS);
  readonly #failures = new Uint32Array(SLOTS);
  #slot = 0;

  addRuntime(seconds: number): void {
    this.runtimes[this.#next] = seconds;
    this.#next = (this.#next + 1) % MAX_RUNTIMES;
    this.#isP95Fresh = false;
  }

  countRun(now: number, isFailure: boolean): void {
    this.#forward(now);
    const index = this.#slot % SLOTS;
    this.#runs[index] = (this.#runs[index] ?? 0) + 1;
    if (!isFailure) return;
    if (this.failures(now) === 0) this.firstFailure = now;
    this.#failures[index] = (this.#failures[index] ?? 0) + 1;
  }

  runs(now: number): number {
    this.#forward(now);
    return this.#runs.reduce((sum, count) => sum + count, 0);
  }

  failures(now: number): number {
    this.#forward(now);
    return this.#failures.reduce((sum, count) => sum + count, 0);
  }

  p95(): number | null {
    if (this.runtimes.length === 0) return null;
    if (!this.#isP95Fresh) {
      this.#p95 = quantileOf([...this.runtimes].sort(ascending), 0.95);
      this.#isP95Fresh = true;
    }
    return this.#p95;
  }

  #forward(now: number): void {
    const slot = Math.floor(now / SLOT_SECONDS);
    const gap = Math.min(slot - this.#slot, SLOTS);
    for (let skipped = 0; skipped < gap; skipped += 1) {
      this.#runs[(slot - skipped) % SLOTS] = 0;
      this.#failures[(slot - skipped) % SLOTS] = 0;
    }
    this.#slot = Math.max(this.#slot, slot);
  }
}

export interface FailingName {
  readonly name: string;
  readonly runs: number;
  readonly failures: number;
  readonly since: number;
  readonly exception: string | null;
}

/** Statistics by task name, the least recently used name dropped beyond 2000. */
export class TaskNames {
  readonly #names = new Map<string, NameStats>();

  succeeded(name: string, runtime: number | null, now: number): void {
    const stats = this.#ensure(name);
    if (runtime !== null && runtime >= 0) stats.addRuntime(runtime);
    stats.countRun(now, false);
  }

  failed(name: string, exception: string | null, now: number): void {
    const stats = this.#ensure(name);
    stats.countRun(now, true);
    stats.lastException = exception;
  }

  /** A runtime from the history: counts for what is normal, not for what happened lately. */
  restoreRuntime(name: string, runtime: number): void {
    if (runtime >= 0) this.#ensure(name).addRuntime(runtime);
  }

  /** Makes a name known without a run. */
  see(name: string): void {
    this.#ensure(name);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  names(): string[] {
    return [...this.#names.keys()].sort();
  }

  p95(name: string): number | null {
    return this.#names.get(name)?.p95() ?? null;
  }

  summary(name: string): RuntimeSummary | null {
    const stats = this.#names.get(name);
    if (!stats || stats.runtimes.length === 0) return null;
    const sorted = [...stats.runtimes].sort(ascending);
    const max = sorted.at(-1) ?? 0;
    const histogram = new Array<number>(HISTOGRAM_BARS).fill(0);
    for (const runtime of sorted) {
      const bar = max === 0 ? 0 : Math.min(HISTOGRAM_BARS - 1, Math.floor((runtime / max) * HISTOGRAM_BARS));
      histogram[bar] = (histogram[bar] ?? 0) + 1;
    }
    return {
      count: sorted.length,
      p50: quantileOf(sorted, 0.5),
      p95: quantileOf(sorted, 0.95),
      histogram,
      max,
    };
  }

  /** Names of which more than five per cent, and at least three runs, failed in the last five minutes. */
  failing(now: number): FailingName[] {
    const failing: FailingName[] = [];
    for (const [name, stats] of this.#names) {
      const failures = stats.failures(now);
      const runs = stats.runs(now);
      if (failures < 3 || failures <= runs * 0.05) continue;
      failing.push({
        name,
        runs,
        failures,
        since: stats.firstFailure ?? now,
        exception: stats.lastException,
      });
    }
    return failing.sort((a, b) => b.failures - a.failures);
  }

  #ensure(name: string): NameStats {
    let stats = this.#names.get(name);
    if (stats) this.#names.delete(name);
    else stats = new NameStats();
    this.#names.set(name, stats);
    if (this.#names.size > MAX_NAMES) {
      const oldest = this.#names.keys().next().value;
      if (oldest !== undefined) this.#names.delete(oldest);
    }
    return stats;
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}

function quantileOf(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}
