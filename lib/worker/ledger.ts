import { TransientSet } from '../util/transient.ts';
import type { TaskHandle } from './handle.ts';
import { LimitedSet, revokedLimits } from './revoked.ts';
import { RevokedStamps } from './revoked-stamps.ts';

/** What this worker holds and has done: the one place that inspection and events count from. */
export class Ledger {
  readonly revoked = new LimitedSet(revokedLimits());
  readonly revokedStamps = new RevokedStamps();
  /** Running now. */
  readonly active = new TransientSet<TaskHandle>();
  /** Started since the worker began, by name. */
  readonly totals = new Map<string, number>();
  processed = 0;
  /** Told of each that is settled. */
  onEnded: ((request: TaskHandle) => void) | null = null;
  #idleWaiters: (() => void)[] = [];

  started(request: TaskHandle): void {
    this.active.add(request);
    this.processed += 1;
    this.totals.set(request.name, (this.totals.get(request.name) ?? 0) + 1);
  }

  /** The request is settled: result stored, message acked or given back. */
  ended(request: TaskHandle): void {
    this.active.delete(request);
    this.onEnded?.(request);
    if (this.active.size > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Waits until nothing runs. */
  async idle(): Promise<void> {
    while (this.active.size > 0) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }
}
