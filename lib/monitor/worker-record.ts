import type { RunningTask, WorkerRow, WorkerStatus } from '../contract/records.ts';
import { ClockDrift } from './clock-drift.ts';
import { type ClusterEvent, numberOf, numbersOf, textOf, textsOf } from './event-fields.ts';
import { RateCounter, SeriesRing } from './series-ring.ts';
import type { TaskRecord } from './task-record.ts';

const STEP_SECONDS = 20;
const POINTS = 180;
/** Celery's default of 2 s holds for workers that never said otherwise. */
const DEFAULT_FREQ = 2;

export interface WorkerSeries {
  readonly cpu: SeriesRing;
  readonly memory: SeriesRing;
  readonly load: SeriesRing;
  readonly loop: SeriesRing;
  readonly active: SeriesRing;
  readonly rate: SeriesRing;
}

/** What `inspect stats` and `active_queues` tell of workers whose heartbeats do not. */
export interface WorkerFacts {
  pool: string | null;
  concurrency: number | null;
  queues: readonly string[] | null;
  startedAt: number | null;
  pid: number | null;
  prefetch: number | null;
  cpuPercent: number | null;
  memoryBytes: number | null;
  loopMs: number | null;
  diskPercent: number | null;
}

/** One worker: its heartbeats, what runs on it and its figures over the last hour. */
export class WorkerRecord {
  readonly name: string;
  readonly running = new Map<string, TaskRecord>();
  readonly rate = new RateCounter(60);
  readonly drift = new ClockDrift();
  readonly series: WorkerSeries = {
    cpu: ring(),
    memory: ring(),
    load: ring(),
    loop: ring(),
    active: ring(),
    rate: ring(),
  };
  readonly facts: WorkerFacts = {
    pool: null,
    concurrency: null,
    queues: null,
    startedAt: null,
    pid: null,
    prefetch: null,
    cpuPercent: null,
    memoryBytes: null,
    loopMs: null,
    diskPercent: null,
  };
  status: WorkerStatus = 'online';
  since: number;
  /** It announced its end; otherwise an offline worker is a silent one. */
  saidGoodbye = false;
  lastHeartbeat: number | null = null;
  failed = 0;
  /** Its heartbeats carry pool and figures, as Umbel's do: fresher than what inspect tells. */
  tellsFigures = false;
  #cpuBefore: { readonly at: number; readonly seconds: number } | null = null;
  #freq = DEFAULT_FREQ;
  #software: string | null = null;
  #active: number | null = null;
  #processed: number | null = null;
  #finished = 0;
  #load: readonly number[] | null = null;

  constructor(name: string, now: number) {
    this.name = name;
    this.since = now;
  }

  /** Takes a `worker-*` event that arrived at `now`. */
  applyHeartbeat(kind: string, event: ClusterEvent, now: number): void {
    if (kind === 'offline') {
      this.saidGoodbye = true;
      this.#active = 0;
      this.setStatus('offline', now);
      return;
    }
    this.drift.add(event.timestamp, now);
    if (kind === 'online') this.facts.startedAt = event.timestamp;
    // The answer to a remote `heartbeat` command carries freq 5 and no figures: it is no statement of the interval.
    if (numberOf(event, 'active') !== null) this.#freq = Math.max(0.5, numberOf(event, 'freq') ?? this.#freq);
    this.#active = numberOf(event, 'active') ?? this.#active;
    this.#processed = numberOf(event, 'processed') ?? this.#processed;
    this.#load = numbersOf(event, 'loadavg', 3) ?? this.#load;
    const ident = textOf(event, 'sw_ident', 60);
    if (ident !== null) this.#software = `${ident} ${textOf(event, 'sw_ver', 30) ?? ''}`.trim();
    this.#applyFigures(event);
    this.beat(now);
    this.sample(now);
  }

  /**
   * The event comes from another process under this name: the one before it is gone, with what it ran. Umbel's workers
   * say when they started; of others the pid tells. An online event alone tells nothing: Celery's workers send one after
   * each reconnect.
   */
  isSucceededBy(event: ClusterEvent): boolean {
    if (this.status === 'offline') return false;
    const startedAt = numberOf(event, 'started_at');
    if (startedAt !== null && this.tellsFigures) return startedAt > (this.facts.startedAt ?? startedAt);
    const pid = numberOf(event, 'pid');
    return pid !== null && pid !== (this.facts.pid ?? pid);
  }

  /** When the process that sent this heartbeat started, or the earliest that is known of it. */
  startOf(event: ClusterEvent): number {
    return numberOf(event, 'started_at') ?? event.timestamp;
  }

  /** It is alive: a heartbeat, or any event of a task it runs. */
  beat(now: number): void {
    this.lastHeartbeat = now;
    this.saidGoodbye = false;
    if (this.status !== 'online') this.setStatus('online', now);
  }

  countFinished(now: number, isFailure: boolean): void {
    this.rate.add(now);
    this.#finished += 1;
    if (isFailure) this.failed += 1;
  }

  /**
   * Status that its silence up to `now` implies: late by two heartbeats, offline after four. Until `deafUntil` nobody
   * could be heard, so silence counts from then; who was offline before stays it until a heartbeat comes.
   */
  statusAt(now: number, deafUntil: number): WorkerStatus {
    if (this.saidGoodbye || this.lastHeartbeat === null) return this.saidGoodbye ? 'offline' : this.status;
    if (this.status === 'offline') return 'offline';
    const silence = now - Math.max(this.lastHeartbeat, deafUntil);
    if (silence > this.#freq * 4) return 'offline';
    return silence > this.#freq * 2 ? 'late' : 'online';
  }

  setStatus(status: WorkerStatus, now: number): void {
    if (status === this.status) return;
    this.status = status;
    this.since = status === 'online' ? now : (this.lastHeartbeat ?? now);
  }

  /** Takes the CPU seconds it has used in all, for workers that do not tell their share. */
  countCpu(seconds: number, now: number): void {
    const before = this.#cpuBefore;
    this.#cpuBefore = { at: now, seconds };
    if (!before || now <= before.at || seconds < before.seconds) return;
    this.facts.cpuPercent = ((seconds - before.seconds) / (now - before.at)) * 100;
  }

  sample(now: number): void {
    const { series, facts } = this;
    series.cpu.set(now, facts.cpuPercent);
    series.memory.set(now, facts.memoryBytes);
    series.load.set(now, this.#load?.[0] ?? null);
    series.loop.set(now, facts.loopMs);
    series.active.set(now, this.active);
    series.rate.set(now, this.rate.perSecond(now));
  }

  /** Tasks it runs: by their events when it sends them, which are fresher than the figure of its last heartbeat. */
  get active(): number {
    if (this.status === 'offline') return 0;
    const sendsTaskEvents = this.#finished > 0 || this.running.size > 0;
    return sendsTaskEvents ? this.running.size : (this.#active ?? 0);
  }

  toRow(now: number, p95Of: (name: string) => number | null): WorkerRow {
    const { facts, series } = this;
    return {
      name: this.name,
      status: this.status,
      since: this.since,
      software: this.#software,
      pid: facts.pid,
      pool: facts.pool,
      concurrency: facts.concurrency,
      active: this.active,
      processed: Math.max(this.#processed ?? 0, this.#finished),
      failed: this.failed,
      rate: this.rate.perSecond(now),
      load: this.#load,
      cpuPercent: facts.cpuPercent,
      memoryBytes: facts.memoryBytes,
      loopMs: facts.loopMs,
      diskPercent: facts.diskPercent,
      queues: facts.queues ?? [],
      startedAt: facts.startedAt,
      lastHeartbeat: this.lastHeartbeat,
      running: runningTasks(this.running, facts.concurrency, p95Of),
      cpu: series.cpu.toSeries(now),
      memory: series.memory.toSeries(now),
    };
  }

  #applyFigures(event: ClusterEvent): void {
    const { facts } = this;
    facts.pid = numberOf(event, 'pid') ?? facts.pid;
    facts.pool = textOf(event, 'pool', 60) ?? facts.pool;
    if (numberOf(event, 'concurrency') !== null) this.tellsFigures = true;
    facts.concurrency = numberOf(event, 'concurrency') ?? facts.concurrency;
    facts.queues = textsOf(event, 'queues', 500) ?? facts.queues;
    facts.startedAt = numberOf(event, 'started_at') ?? facts.startedAt;
    facts.cpuPercent = numberOf(event, 'cpu_percent') ?? facts.cpuPercent;
    facts.memoryBytes = numberOf(event, 'memory_bytes') ?? facts.memoryBytes;
    facts.loopMs = numberOf(event, 'loop_ms') ?? facts.loopMs;
    facts.diskPercent = numberOf(event, 'disk_percent') ?? facts.diskPercent;
  }
}

const MAX_SHOWN = 200;

function runningTasks(
  running: ReadonlyMap<string, TaskRecord>,
  concurrency: number | null,
  p95Of: (name: string) => number | null,
): RunningTask[] {
  const limit = Math.min(concurrency ?? MAX_SHOWN, MAX_SHOWN);
  const tasks: RunningTask[] = [];
  for (const { uuid, facts } of running.values()) {
    if (tasks.length >= limit) break;
    const name = facts.name ?? 'unknown';
    tasks.push({ uuid, name, args: facts.args, started: facts.started, pid: facts.pid, p95: p95Of(name) });
  }
  return tasks;
}

function ring(): SeriesRing {
  return new SeriesRing(STEP_SECONDS, POINTS);
}
