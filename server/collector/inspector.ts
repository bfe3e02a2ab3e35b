import type { ControlAnswer } from '../../lib/contract/records.ts';
import type { Monitor } from '../../lib/monitor/monitor.ts';
import type { WorkerRecord } from '../../lib/monitor/worker-record.ts';
import { nowSeconds } from '../../lib/util/clock.ts';
import type { Logger } from '../../lib/util/logger.ts';
import { maskReply } from '../../lib/util/mask.ts';
import { applyActiveQueues, applyStats, applyTaskInfos } from './inspect-facts.ts';
import { Interval } from './interval.ts';

/** What is asked of workers; the names are Flower's keys and Celery's commands at once. */
export const INSPECT_METHODS = [
  'stats',
  'active_queues',
  'registered',
  'scheduled',
  'active',
  'reserved',
  'revoked',
  'conf',
] as const;
export type InspectMethod = (typeof INSPECT_METHODS)[number];

/** Asked of every worker on the clock; the rest less often, or when somebody looks. */
const OFTEN: readonly InspectMethod[] = ['stats', 'active_queues', 'active', 'reserved'];
const WATCHED: readonly InspectMethod[] = ['stats', 'active', 'reserved', 'scheduled'];
const EVERY_MS = 10_000;
const WATCH_EVERY_MS = 2000;
const ALL_EVERY_SECONDS = 60;
const MAX_ASKED = 200;
const MAX_ANSWERS = 50;
const TIMEOUT_MS = 1000;

export interface Inspection {
  readonly answers: Partial<Record<InspectMethod, unknown>>;
  timestamp: number;
  askedAllAt: number;
}

/** The inspector's way to workers, see ClusterLink. */
export interface Commander {
  readonly isConnected: boolean;
  command(
    method: string,
    options: {
      destination?: readonly string[];
      timeoutMs?: number;
      arguments?: Readonly<Record<string, unknown>>;
    },
  ): Promise<Map<string, unknown>>;
}

/** Asks workers how they are, on a clock, and remembers their last answers to everything. */
export class Inspector {
  readonly #link: Commander;
  readonly #monitor: Monitor;
  readonly #inspections = new Map<string, Inspection>();
  readonly #controls = new Map<string, ControlAnswer[]>();
  readonly #watched = new Map<string, number>();
  readonly #intervals: readonly Interval[];
  readonly #listeners = new Set<(worker: string) => void>();

  constructor(link: Commander, monitor: Monitor, logger: Logger) {
    this.#link = link;
    this.#monitor = monitor;
    this.#intervals = [
      new Interval(EVERY_MS, logger, () => this.#poll()),
      new Interval(WATCH_EVERY_MS, logger, () => this.#pollWatched()),
    ];
  }

  start(): void {
    for (const interval of this.#intervals) interval.start();
  }

  async stop(): Promise<void> {
    for (const interval of this.#intervals) await interval.stop();
  }

  get(worker: string): Inspection | undefined {
    return this.#inspections.get(worker);
  }

  names(): string[] {
    return [...this.#inspections.keys()];
  }

  /** Whether any worker said that it knows the task. */
  isRegistered(task: string): boolean {
    for (const { answers } of this.#inspections.values()) {
      const { registered } = answers;
      if (Array.isArray(registered) && registered.some((item) => String(item).split(' ')[0] === task))
        return true;
    }
    return false;
  }

  answersOf(worker: string): readonly ControlAnswer[] {
    return this.#controls.get(worker) ?? [];
  }

  /** Keeps what a worker said to a command, newest first. */
  noteAnswer(answer: ControlAnswer): void {
    const kept = this.#controls.get(answer.worker) ?? [];
    kept.unshift(answer);
    kept.length = Math.min(kept.length, MAX_ANSWERS);
    this.#controls.set(answer.worker, kept);
    for (const listener of this.#listeners) listener(answer.worker);
  }

  /** Called with each worker of which something new is known; returns how to stop. */
  listen(listener: (worker: string) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** While somebody looks at a worker it is asked every two seconds. Returns how to stop. */
  watch(worker: string): () => void {
    this.#watched.set(worker, (this.#watched.get(worker) ?? 0) + 1);
    void this.refresh([worker]).catch(() => {
      // The clock asks again.
    });
    return () => {
      const left = (this.#watched.get(worker) ?? 1) - 1;
      if (left > 0) this.#watched.set(worker, left);
      else this.#watched.delete(worker);
    };
  }

  /** Asks now: the named workers, or all that are there. */
  async refresh(
    workers?: readonly string[],
    methods: readonly InspectMethod[] = INSPECT_METHODS,
  ): Promise<void> {
    const destination = (workers ?? this.#present()).slice(0, MAX_ASKED);
    if (destination.length === 0 || !this.#link.isConnected) return;
    await Promise.all(methods.map((method) => this.#ask(method, destination)));
    for (const name of destination) {
      for (const listener of this.#listeners) listener(name);
    }
  }

  /** Drops what is kept of workers that the monitor forgot. */
  forget(worker: string): void {
    this.#inspections.delete(worker);
    this.#controls.delete(worker);
  }

  async #poll(): Promise<void> {
    const now = nowSeconds();
    const isDue = (name: string) => now - (this.#inspections.get(name)?.askedAllAt ?? 0) > ALL_EVERY_SECONDS;
    const present = this.#present();
    await this.refresh(present.filter(isDue));
    await this.refresh(
      present.filter((name) => !isDue(name)),
      OFTEN,
    );
  }

  async #pollWatched(): Promise<void> {
    const watched = [...this.#watched.keys()].filter((name) => this.#isPresent(name));
    await this.refresh(watched, WATCHED);
  }

  #present(): string[] {
    return [...this.#monitor.workers.values()]
      .filter(({ status }) => status !== 'offline')
      .map(({ name }) => name);
  }

  #isPresent(name: string): boolean {
    const worker = this.#monitor.workers.get(name);
    return worker !== undefined && worker.status !== 'offline';
  }

  async #ask(method: InspectMethod, destination: readonly string[]): Promise<void> {
    const replies = await this.#link.command(method, {
      destination,
      timeoutMs: TIMEOUT_MS,
      arguments: argumentsOf(method),
    });
    const now = nowSeconds();
    for (const [name, answer] of replies) {
      const worker = this.#monitor.workers.get(name);
      if (!worker) continue;
      const inspection = this.#ensure(name);
      inspection.timestamp = now;
      if (method === 'conf') inspection.askedAllAt = now;
      inspection.answers[method] = maskReply(method, answer);
      this.#apply(worker, method, answer, now);
    }
  }

  #apply(worker: WorkerRecord, method: InspectMethod, answer: unknown, now: number): void {
    if (method === 'stats') applyStats(worker, answer, now);
    if (method === 'active_queues') applyActiveQueues(worker, answer);
    if (method === 'active' || method === 'reserved')
      applyTaskInfos(this.#monitor, worker, answer, method === 'active');
  }

  #ensure(name: string): Inspection {
    let inspection = this.#inspections.get(name);
    if (!inspection) {
      inspection = { answers: {}, timestamp: 0, askedAllAt: 0 };
      this.#inspections.set(name, inspection);
    }
    return inspection;
  }
}

/** As Python's client sends them: handlers without defaults need them. */
function argumentsOf(method: InspectMethod): Readonly<Record<string, unknown>> {
  if (method === 'registered') return { taskinfoitems: [] };
  return method === 'conf' ? { with_defaults: false } : {};
}
