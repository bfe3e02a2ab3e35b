import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entries (kind TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL, pid INTEGER NOT NULL);
`;

/** What became of the tasks whose enqueue was acknowledged. */
export interface Verdict {
  readonly accepted: number;
  /** Accepted, and no run reached its end. */
  readonly lost: readonly string[];
  /** More than one run reached its end. */
  readonly doubled: readonly string[];
  /** Some run began, and none reached its end. */
  readonly unfinished: readonly string[];
  /** More than one run began: the kills did hit something. */
  readonly rerun: readonly string[];
  /** When the last run ended, in milliseconds since the epoch. */
  readonly lastEndAt: number;
}

/**
 * The books of a fault test, kept outside of the broker in a SQLite file: which enqueues were acknowledged, and each
 * run of a task's body. Several processes write it at once, Python's too, and any of them may be killed.
 */
export class Ledger {
  readonly path: string;
  readonly #folder: string | null;
  readonly #db: Database.Database;
  readonly #insert: Database.Statement;

  /** Opens the books at `path`, or new ones in a folder of their own, which `close` removes. */
  constructor(path?: string) {
    this.#folder = path === undefined ? mkdtempSync(join(tmpdir(), 'umbel-ledger-')) : null;
    this.path = path ?? join(this.#folder ?? '', 'ledger.db');
    this.#db = new Database(this.path);
    this.#db.exec('PRAGMA busy_timeout = 10000');
    this.#db.exec('PRAGMA journal_mode = WAL');
    // Processes are killed, the machine is not.
    this.#db.exec('PRAGMA synchronous = OFF');
    this.#db.exec(SCHEMA);
    this.#insert = this.#db.prepare('INSERT INTO entries VALUES (?, ?, ?, ?)');
  }

  /** The broker has acknowledged the enqueue. */
  accepted(id: string): void {
    this.#write('accepted', id);
  }

  began(id: string): void {
    this.#write('began', id);
  }

  ended(id: string): void {
    this.#write('ended', id);
  }

  /** How many different tasks have run to their end. */
  get endedCount(): number {
    const row: unknown = this.#db
      .prepare("SELECT count(DISTINCT id) AS count FROM entries WHERE kind = 'ended'")
      .get();
    return row !== null && typeof row === 'object' && 'count' in row ? Number(row.count) : 0;
  }

  /** When each run of a task began, in milliseconds since the epoch. */
  begins(id: string): number[] {
    const rows = this.#db.prepare("SELECT at FROM entries WHERE kind = 'began' AND id = ?").raw().all(id);
    return rows.map((row) => (Array.isArray(row) ? Number(row[0]) : 0));
  }

  verdict(): Verdict {
    const { accepted, began, ended } = this.#read();
    const ids = [...accepted];
    return {
      accepted: ids.length,
      lost: ids.filter((id) => !ended.has(id)),
      doubled: [...ended].filter(([, { count }]) => count > 1).map(([id]) => id),
      unfinished: [...began.keys()].filter((id) => !ended.has(id)),
      rerun: [...began].filter(([, count]) => count > 1).map(([id]) => id),
      lastEndAt: Math.max(0, ...[...ended.values()].map(({ at }) => at)),
    };
  }

  close(): void {
    this.#db.close();
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(kind: string, id: string): void {
    this.#insert.run(kind, id, Date.now(), process.pid);
  }

  #read(): {
    accepted: Set<string>;
    began: Map<string, number>;
    ended: Map<string, { count: number; at: number }>;
  } {
    const accepted = new Set<string>();
    const began = new Map<string, number>();
    const ended = new Map<string, { count: number; at: number }>();
    for (const row of this.#db.prepare('SELECT kind, id, at FROM entries').raw().all()) {
      if (!Array.isArray(row)) continue;
      const [kind, id, at] = [String(row[0]), String(row[1]), Number(row[2])];
      if (kind === 'accepted') accepted.add(id);
      else if (kind === 'began') began.set(id, (began.get(id) ?? 0) + 1);
      else {
        const known = ended.get(id) ?? { count: 0, at: 0 };
        ended.set(id, { count: known.count + 1, at: Math.max(known.at, at) });
      }
    }
    return { accepted, began, ended };
  }
}
