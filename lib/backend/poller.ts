import { encodeResult, type ResultMeta } from '../protocol/result.ts';

/** Records by task, those that cannot be read as the reason; tasks without one are left out. */
export type Records = ReadonlyMap<string, ResultMeta | Error>;

type ReadRecords = (taskIds: readonly string[]) => Promise<Records>;

interface Watch {
  readonly taskId: string;
  readonly onState: (meta: ResultMeta) => void;
  lastText: string;
  waitMs: number;
  dueAt: number;
}

const FIRST_WAIT_MS = 20;
/** As Celery's `subpolling_interval` of the database backend. */
const LONGEST_WAIT_MS = 500;
const GROWTH = 1.5;

/**
 * Tells of new states where the store cannot: it reads what is watched again and again, soon at first and every half
 * second later. What this process stores itself is read at once.
 */
export class Poller {
  readonly #read: ReadRecords;
  readonly #onUnreadable: (taskId: string, error: Error) => void;
  readonly #watches = new Set<Watch>();
  #timer: NodeJS.Timeout | null = null;
  #isReading = false;

  /** `read` throws when the store is away. `onUnreadable` is told once of a watched record that makes no sense. */
  constructor(read: ReadRecords, onUnreadable: (taskId: string, error: Error) => void) {
    this.#read = read;
    this.#onUnreadable = onUnreadable;
  }

  /** Calls back for each state that differs from the present one. Throws when that cannot be read now. */
  async watch(taskId: string, onState: (meta: ResultMeta) => void): Promise<() => Promise<void>> {
    const present = (await this.#read([taskId])).get(taskId);
    if (present instanceof Error) throw present;
    const watch: Watch = {
      taskId,
      onState,
      lastText: present ? encodeResult(present) : '',
      waitMs: FIRST_WAIT_MS,
      dueAt: Date.now() + FIRST_WAIT_MS,
    };
    this.#watches.add(watch);
    this.#plan();
    return async () => {
      this.#watches.delete(watch);
      if (this.#watches.size === 0) this.stop();
    };
  }

  /** These were just stored here. */
  touch(taskIds: ReadonlySet<string>): void {
    if (this.#watches.size === 0) return;
    for (const watch of this.#watches) if (taskIds.has(watch.taskId)) watch.dueAt = 0;
    this.#plan();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #plan(): void {
    this.stop();
    if (this.#isReading || this.#watches.size === 0) return;
    let dueAt = Number.POSITIVE_INFINITY;
    for (const watch of this.#watches) dueAt = Math.min(dueAt, watch.dueAt);
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, dueAt - Date.now()));
  }

  async #look(): Promise<void> {
    const now = Date.now();
    const due = [...this.#watches].filter(({ dueAt }) => dueAt <= now + FIRST_WAIT_MS / 2);
    this.#isReading = true;
    try {
      const metas = await this.#read([...new Set(due.map(({ taskId }) => taskId))]);
      for (const watch of due) this.#compare(watch, metas.get(watch.taskId));
    } catch {
      // The store is away: who waits has a time limit of its own, and the next look may succeed.
    } finally {
      this.#isReading = false;
    }
    const next = Date.now();
    for (const watch of due) {
      watch.dueAt = next + watch.waitMs;
      watch.waitMs = Math.min(LONGEST_WAIT_MS, watch.waitMs * GROWTH);
    }
    this.#plan();
  }

  #compare(watch: Watch, found: ResultMeta | Error | undefined): void {
    if (!found || !this.#watches.has(watch)) return;
    const text = found instanceof Error ? found.message : encodeResult(found);
    if (text === watch.lastText) return;
    watch.lastText = text;
    watch.waitMs = FIRST_WAIT_MS;
    if (found instanceof Error) this.#onUnreadable(watch.taskId, found);
    else watch.onState(found);
  }
}
