import { WorkerRecord } from './worker-record.ts';

const MAX_WORKERS = 5000;
const KEEP_GONE_SECONDS = 3600;
const KEEP_SILENT_SECONDS = 24 * 3600;

/** Every worker seen, least recently heard first when the table is full. */
export class WorkerTable {
  readonly #workers = new Map<string, WorkerRecord>();
  readonly #changed = new Set<string>();
  #deafUntil = 0;

  get size(): number {
    return this.#workers.size;
  }

  get(name: string): WorkerRecord | undefined {
    return this.#workers.get(name);
  }

  ensure(name: string, now: number): WorkerRecord {
    const known = this.#workers.get(name);
    if (known) return known;
    const worker = new WorkerRecord(name, now);
    this.#workers.set(name, worker);
    if (this.#workers.size > MAX_WORKERS) this.#dropQuietest();
    return worker;
  }

  values(): IterableIterator<WorkerRecord> {
    return this.#workers.values();
  }

  touch(name: string): void {
    this.#changed.add(name);
  }

  /** Names changed since the last call; a name that `get` no longer knows was removed. */
  takeChanged(): string[] {
    const names = [...this.#changed];
    this.#changed.clear();
    return names;
  }

  /** Nobody can be heard at `now`: that is no silence of the workers. */
  deaf(now: number): void {
    this.#deafUntil = now;
  }

  /** Moves time on: who is late or gone by now. Returns the workers that just went offline. */
  tick(now: number): WorkerRecord[] {
    const gone: WorkerRecord[] = [];
    for (const worker of this.#workers.values()) {
      const status = worker.statusAt(now, this.#deafUntil);
      if (status !== worker.status) {
        worker.setStatus(status, now);
        this.#changed.add(worker.name);
        if (status === 'offline') gone.push(worker);
      }
      const keep = worker.saidGoodbye ? KEEP_GONE_SECONDS : KEEP_SILENT_SECONDS;
      if (worker.status === 'offline' && now - worker.since > keep) {
        this.#workers.delete(worker.name);
        this.#changed.add(worker.name);
      }
    }
    return gone;
  }

  #dropQuietest(): void {
    let quietest: WorkerRecord | undefined;
    for (const worker of this.#workers.values()) {
      if ((worker.lastHeartbeat ?? 0) < (quietest?.lastHeartbeat ?? Number.POSITIVE_INFINITY))
        quietest = worker;
    }
    if (quietest) this.#workers.delete(quietest.name);
  }
}
