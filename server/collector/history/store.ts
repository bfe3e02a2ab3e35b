import { existsSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { toError, UmbelError } from '../../../lib/contract/errors.ts';
import type { TaskFilter } from '../../../lib/contract/filters.ts';
import { makeFolder } from '../../../lib/util/make-folder.ts';
import type {
  HistoryCalls,
  ListRequest,
  PageRequest,
  Retention,
  StoredBucket,
  StoredPage,
} from './history.ts';
import { SCHEMA, SCHEMA_VERSION, UPSERT } from './schema.ts';
import { parseSearch } from './search-query.ts';
import { searchableOf } from './searchable.ts';
import type { SqlValue } from './stored-task.ts';
import { type Condition, exactConditions, joinConditions, likeText, matchText } from './where.ts';

/** Rows that a search looks at one by one before it asks the index: the common word is found among the newest. */
const SCAN_ROWS = 4000;
const PRUNE_ROWS = 500;
const TRANSACTION_ROWS = 2000;
/** Filters and searches make many different statements. */
const MAX_STATEMENTS = 200;
const MAX_NAMES = 10_000;

/** The history in one SQLite file (`:memory:` for none). Synchronous: it lives in a thread of its own. */
export class HistoryStore implements HistoryCalls {
  readonly notice: string | null;
  readonly #db: Database.Database;
  /** Names that are in the table of names for certain. */
  readonly #names = new Set<string>();
  #lastId: number;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(path: string) {
    const { db, notice } = openOrReplace(path);
    this.#db = db;
    this.notice = notice;
    this.#lastId = Number(field(db.prepare('SELECT max(id) AS id FROM tasks').get(), 'id') ?? 0);
  }

  write(rows: readonly (readonly SqlValue[])[]): void {
    for (let from = 0; from < rows.length; from += TRANSACTION_ROWS) {
      this.#transaction(() => {
        for (const row of rows.slice(from, from + TRANSACTION_ROWS)) this.#writeOne(row);
      });
    }
  }

  page({ filter, before, limit }: PageRequest): StoredPage {
    const conditions = exactConditions(filter);
    const after = readCursor(before);
    if (after) conditions.push({ sql: '(timestamp, id) < (?, ?)', values: after });
    const rows =
      filter.text === undefined
        ? this.#newest(conditions, limit)
        : this.#search(conditions, filter.text, limit);
    return { rows, cursor: rows.length < limit ? null : writeCursor(rows.at(-1)) };
  }

  list({
    filter,
    search,
    receivedFrom,
    receivedTo,
    order,
    isDescending,
    offset,
    limit,
  }: ListRequest): unknown[] {
    const conditions = exactConditions(filter);
    const found = parseSearch(search);
    if (found) conditions.push(found);
    if (receivedFrom !== null) conditions.push({ sql: 'received >= ?', values: [receivedFrom] });
    if (receivedTo !== null) conditions.push({ sql: 'received <= ?', values: [receivedTo] });
    const { sql, values } = joinConditions(conditions);
    const way = isDescending ? 'DESC' : 'ASC';
    // Sorted by id first: rows are wide.
    return this.#prepare(
      `SELECT tasks.* FROM (
        SELECT id FROM tasks WHERE ${sql} ORDER BY ${order} ${way}, id ${way} LIMIT ? OFFSET ?
      ) AS found JOIN tasks USING (id) ORDER BY ${order} ${way}, id ${way}`,
    ).all(...values, limit, offset);
  }

  counts(filter: TaskFilter): Record<string, number> {
    const conditions = exactConditions(filter);
    if (filter.text !== undefined) conditions.push(matchText(filter.text) ?? likeText(filter.text));
    const { sql, values } = joinConditions(conditions);
    const rows = this.#prepare(`SELECT state, count(*) AS count FROM tasks WHERE ${sql} GROUP BY state`).all(
      ...values,
    );
    return Object.fromEntries(rows.map((row) => [String(field(row, 'state')), Number(field(row, 'count'))]));
  }

  get(uuid: string): unknown {
    return this.#prepare('SELECT * FROM tasks WHERE uuid = ?').get(uuid) ?? null;
  }

  recent(limit: number): unknown[] {
    return this.#newest([], limit);
  }

  unfinished(limit: number): string[] {
    const rows = this.#prepare(
      "SELECT uuid FROM tasks WHERE state NOT IN ('SUCCESS', 'FAILURE', 'REVOKED') ORDER BY timestamp DESC LIMIT ?",
    ).all(limit);
    return rows.map((row) => String(field(row, 'uuid')));
  }

  childrenOf(uuid: string, limit: number): string[] {
    const rows = this.#prepare('SELECT uuid FROM tasks WHERE parent = ? ORDER BY timestamp LIMIT ?').all(
      uuid,
      limit,
    );
    return rows.map((row) => String(field(row, 'uuid')));
  }

  writeBuckets(buckets: readonly StoredBucket[]): void {
    const insert = this.#prepare('INSERT OR REPLACE INTO buckets (step, at, data) VALUES (?, ?, ?)');
    this.#transaction(() => {
      for (const { step, at, data } of buckets) insert.run(step, at, data);
    });
  }

  buckets(): StoredBucket[] {
    return this.#prepare('SELECT step, at, data FROM buckets ORDER BY at')
      .all()
      .map((row) => ({
        step: Number(field(row, 'step')),
        at: Number(field(row, 'at')),
        data: String(field(row, 'data')),
      }));
  }

  prune({ maxTasks, oldest }: Retention): boolean {
    const total = Number(field(this.#prepare('SELECT count(*) AS count FROM tasks').get(), 'count'));
    const excess = Math.min(PRUNE_ROWS, Math.max(0, total - maxTasks));
    const ids = this.#prepare(
      `SELECT id FROM (SELECT id FROM tasks ORDER BY timestamp, id LIMIT ?)
       UNION SELECT id FROM (SELECT id FROM tasks WHERE timestamp < ? ORDER BY timestamp, id LIMIT ?)`,
    ).all(excess, oldest, PRUNE_ROWS);
    this.#transaction(() => {
      for (const row of ids) {
        const id = Number(field(row, 'id'));
        this.#prepare('DELETE FROM tasks WHERE id = ?').run(id);
        this.#prepare('DELETE FROM tasks_text WHERE rowid IN (?, ?)').run(id * 2, id * 2 + 1);
      }
      this.#prepare('DELETE FROM buckets WHERE at < ?').run(oldest);
      this.#prepare(
        'DELETE FROM buckets WHERE step = 10 AND at < (SELECT max(at) FROM buckets) - 86400',
      ).run();
    });
    return ids.length >= PRUNE_ROWS;
  }

  close(): void {
    if (this.#db.open) this.#db.close();
  }

  #writeOne(row: readonly SqlValue[]): void {
    const [uuid, name] = row;
    const before = this.#prepare('SELECT id, is_indexed, outcome_mark FROM tasks WHERE uuid = ?').get(uuid);
    const { call, outcome, outcomeMark } = searchableOf(row);
    const wasIndexed = Number(field(before, 'is_indexed') ?? 0) === 1;
    const isFirst = !wasIndexed && (call !== '' || outcome !== '');
    if (before === undefined) this.#lastId += 1;
    const id = Number(field(before, 'id') ?? this.#lastId);
    // For a known task the new id only has to be free.
    this.#prepare(UPSERT).run(
      ...row,
      before === undefined ? id : this.#lastId + 1,
      isFirst ? 1 : 0,
      outcomeMark,
    );
    if (isFirst) this.#index('INSERT', id * 2, call + outcome);
    else if (outcomeMark !== 0 && outcomeMark !== Number(field(before, 'outcome_mark'))) {
      this.#index('INSERT OR REPLACE', id * 2 + 1, outcome);
    }
    if (typeof name === 'string' && !this.#names.has(name)) this.#addName(name);
  }

  #index(verb: string, rowid: number, text: string): void {
    this.#prepare(`${verb} INTO tasks_text (rowid, text) VALUES (?, ?)`).run(rowid, text);
  }

  #addName(name: string): void {
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.add(name);
    this.#prepare('INSERT OR IGNORE INTO names (name) VALUES (?)').run(name);
  }

  #newest(conditions: readonly Condition[], limit: number): unknown[] {
    const { sql, values } = joinConditions(conditions);
    return this.#prepare(`SELECT * FROM tasks WHERE ${sql} ORDER BY timestamp DESC, id DESC LIMIT ?`).all(
      ...values,
      limit,
    );
  }

  #search(conditions: readonly Condition[], text: string, limit: number): unknown[] {
    const like = likeText(text);
    const { sql, values } = joinConditions(conditions);
    const match = matchText(text);
    const scanned = this.#prepare(
      `SELECT * FROM (SELECT * FROM tasks WHERE ${sql} ORDER BY timestamp DESC, id DESC LIMIT ?)
       WHERE ${like.sql} LIMIT ?`,
    ).all(...values, match === null ? -1 : SCAN_ROWS, ...like.values, limit);
    return match === null || scanned.length >= limit
      ? scanned
      : this.#newest([...conditions, match, like], limit);
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function openOrReplace(path: string): { db: Database.Database; notice: string | null } {
  try {
    if (path !== ':memory:') makeFolder(dirname(path));
    return { db: open(path), notice: null };
  } catch (thrown) {
    const reason = toError(thrown).message;
    if (!/malformed|not a database|corrupt|history version/i.test(reason)) {
      throw new UmbelError(
        'bad_config',
        `The history ${path} cannot be opened: ${reason}. Choose another folder with --data.`,
        {
          cause: thrown,
        },
      );
    }
    const aside = `${path}.unreadable-${Date.now()}`;
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
    }
    return {
      db: open(path),
      notice: `The history was unreadable (${reason}): moved to ${aside}, a new one was started.`,
    };
  }
}

function open(path: string): Database.Database {
  const db = new Database(path, { timeout: 5000 });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    const version = Number(field(db.prepare('PRAGMA user_version').get(), 'user_version'));
    if (version !== 0 && version !== SCHEMA_VERSION) throw new Error(`it has history version ${version}`);
    db.exec(SCHEMA);
    db.prepare('SELECT count(*) FROM tasks').get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function field(row: unknown, name: string): unknown {
  return row !== null && typeof row === 'object'
    ? new Map<string, unknown>(Object.entries(row)).get(name)
    : undefined;
}

function writeCursor(row: unknown): string {
  return `${String(field(row, 'timestamp'))}_${String(field(row, 'id'))}`;
}

function readCursor(cursor: string | null): [number, number] | null {
  const parts = /^(\d{1,12}(?:\.\d{1,12})?)_(\d{1,15})$/.exec(cursor ?? '');
  return parts ? [Number(parts[1]), Number(parts[2])] : null;
}
