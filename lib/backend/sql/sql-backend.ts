import { toError, UmbelError } from '../../contract/errors.ts';
import { decodeJson } from '../../protocol/json.ts';
import { decodePickle } from '../../protocol/pickle/read.ts';
import { encodeGroupPickle } from '../../protocol/pickle/write.ts';
import { isRecord } from '../../protocol/record.ts';
import { decodeResult, type ResultMeta } from '../../protocol/result.ts';
import type { Logger } from '../../util/logger.ts';
import {
  type BackendOptions,
  DEFAULT_EXPIRES_SECONDS,
  type GroupBackend,
  type ResultBackend,
  type ResultRecord,
  type WaitOptions,
} from '../backend.ts';
import { Poller, type Records } from '../poller.ts';
import { StoredCodec } from '../stored-codec.ts';
import { TurnBatch } from '../turn-batch.ts';
import { waitFor } from '../waiter.ts';
import type { Database, Row, Value } from './database.ts';
import { reasonOf } from './failures.ts';
import { openDatabase, readDatabaseOptions } from './options.ts';
import { COLUMNS, EXTENDED_COLUMNS, fromRow, toSqlDate, toValues } from './rows.ts';
import { Runner } from './runner.ts';
import { prepareTables, type TableOptions, type Tables } from './tables.ts';
import { type DatabaseAddress, parseDatabaseUrl } from './url.ts';

const MAX_ROWS = 100;

/**
 * Results in the tables of Celery's database backend (celery/backends/database), so that Python reads what is written here
 * and the other way round. Unlike there a stored SUCCESS is never overwritten. Who waits, polls.
 */
export class SqlBackend implements ResultBackend, GroupBackend {
  readonly displayUrl: string;
  readonly #address: DatabaseAddress;
  readonly #logger: Logger;
  readonly #database: Database;
  readonly #runner: Runner;
  readonly #tableOptions: TableOptions;
  readonly #codec: StoredCodec;
  readonly #expiresSeconds: number;
  readonly #writes = new TurnBatch<ResultRecord>((records) => this.#storeAll(records), MAX_ROWS);
  readonly #poller = new Poller(
    (taskIds) => this.#readAll(taskIds),
    (taskId, { message }) => this.#logger.warning(`The result of task ${taskId} cannot be read: ${message}`),
  );
  #prepared: Tables | null = null;

  constructor(url: string, options: BackendOptions) {
    this.#address = parseDatabaseUrl(url);
    this.displayUrl = this.#address.display;
    this.#logger = options.logger;
    const settings = readDatabaseOptions(options);
    this.#tableOptions = settings.tables;
    this.#database = openDatabase(this.#address, settings);
    this.#runner = new Runner(this.#database, this.displayUrl);
    this.#codec = new StoredCodec(options);
    const { expiresSeconds = DEFAULT_EXPIRES_SECONDS } = options;
    this.#expiresSeconds = expiresSeconds ?? 0;
  }

  /** Connects, and creates missing tables. Throws `UmbelError('unavailable')`. */
  async start(): Promise<void> {
    if (this.#prepared) return;
    try {
      await this.#database.open();
      const run = (sql: string, parameters: readonly Value[]): Promise<readonly Row[]> =>
        this.#runner.run('find or create the tables', sql, parameters);
      this.#prepared = await prepareTables(run, this.#database.dialect, this.#tableOptions);
    } catch (error) {
      await this.#database.close();
      if (error instanceof UmbelError) throw error;
      throw new UmbelError('unavailable', `Cannot connect to ${this.displayUrl}: ${reasonOf(error)}.`, {
        cause: error,
      });
    }
    if (this.#tableOptions.isExtended && !this.#prepared.isExtended) {
      this.#logger.warning(
        `The table ${this.#prepared.tasks.name} has no columns for result_extended (name, args, kwargs, worker, retries, queue): ` +
          'results are stored without them. Drop the table to have it created anew, or add the columns.',
      );
    }
  }

  async stop(): Promise<void> {
    this.#poller.stop();
    this.#runner.close();
    this.#prepared = null;
    await this.#database.close();
  }

  store(record: ResultRecord): Promise<void> {
    return this.#writes.add(record);
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    const found = (await this.#readAll([taskId])).get(taskId) ?? null;
    if (found instanceof Error) throw found;
    return found;
  }

  wait(taskId: string, options: WaitOptions = {}): Promise<ResultMeta> {
    return waitFor(this, taskId, options);
  }

  watch(taskId: string, onState: (meta: ResultMeta) => void): Promise<() => Promise<void>> {
    return this.#poller.watch(taskId, onState);
  }

  async forget(taskId: string): Promise<void> {
    const { tasks } = this.#tables;
    await this.#runner.run('forget a result', `DELETE FROM ${tasks.name} WHERE task_id = ${this.#mark(1)}`, [
      taskId,
    ]);
  }

  async saveGroup(groupId: string, text: string): Promise<void> {
    const saved = decodeJson(text);
    const { groups } = this.#tables;
    const columns = ['result', 'date_done'];
    const marks = [1, 2, 3].map((n) => this.#mark(n)).join(', ');
    const insert = `INSERT INTO ${groups.name} (${groups.idColumn}taskset_id, ${columns.join(', ')}) VALUES (${groups.idValue}${marks})`;
    const replace = this.#database.dialect.replace('taskset_id', columns);
    const pickle = encodeGroupPickle(isRecord(saved) ? saved['result'] : null);
    const now = toSqlDate(new Date().toISOString());
    await this.#runner.run('save a group', `${insert} ${replace}`, [groupId, pickle, now]);
  }

  async readGroup(groupId: string): Promise<unknown> {
    const sql = `SELECT result FROM ${this.#tables.groups.name} WHERE taskset_id = ${this.#mark(1)}`;
    const [row] = await this.#runner.run('read a group', sql, [groupId]);
    const result = row?.['result'];
    return result instanceof Uint8Array ? decodePickle(result) : null;
  }

  async deleteGroup(groupId: string): Promise<void> {
    const sql = `DELETE FROM ${this.#tables.groups.name} WHERE taskset_id = ${this.#mark(1)}`;
    await this.#runner.run('delete a group', sql, [groupId]);
  }

  /** Deletes results and groups older than `result_expires`; nothing when they are kept for ever. */
  async cleanup(): Promise<void> {
    if (this.#expiresSeconds <= 0) return;
    const before = toSqlDate(new Date(Date.now() - this.#expiresSeconds * 1000).toISOString());
    for (const table of [this.#tables.tasks, this.#tables.groups]) {
      const sql = `DELETE FROM ${table.name} WHERE date_done < ${this.#mark(1)}`;
      await this.#runner.run('delete old results', sql, [before]);
    }
  }

  async #storeAll(records: readonly ResultRecord[]): Promise<void> {
    const last = new Map<string, ResultRecord>();
    for (const record of records) {
      const earlier = last.get(record.taskId);
      if (earlier && decodeResult(earlier.text).status === 'SUCCESS') continue;
      last.set(record.taskId, record);
    }
    // One order for everybody, so that two writers of the same rows do not wait for each other.
    const ordered = [...last.values()].sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
    try {
      await this.#write(ordered, false);
    } catch (error) {
      // Who waits must see that a task has failed, though the table has no place for its whole traceback.
      if (ordered.length > 1 || !(error instanceof UmbelError && error.code === 'bad_request')) throw error;
      await this.#write(ordered, true);
    }
    this.#poller.touch(new Set(last.keys()));
  }

  async #write(records: readonly ResultRecord[], isPlain: boolean): Promise<void> {
    const { isExtended, tasks } = this.#tables;
    const columns = isExtended ? [...COLUMNS, ...EXTENDED_COLUMNS] : COLUMNS;
    const format = { isExtended, isPlain, codec: this.#codec };
    const values: Value[] = [];
    const rows = records.map((record) => {
      const marks = toValues(record, format).map((value) => this.#mark(values.push(value)));
      return `(${tasks.idValue}${marks.join(', ')})`;
    });
    const insert = `INSERT INTO ${tasks.name} (${tasks.idColumn}task_id, ${columns.join(', ')}) VALUES ${rows.join(', ')}`;
    const overwrite = this.#database.dialect.overwrite(tasks.name, columns);
    await this.#runner.run('store results', `${insert} ${overwrite}`, values);
  }

  async #readAll(taskIds: readonly string[]): Promise<Records> {
    const { tasks, isExtended } = this.#tables;
    const { asText } = this.#database.dialect;
    const more = isExtended ? `, ${EXTENDED_COLUMNS.join(', ')}` : '';
    const columns = `task_id, status, result, ${asText('date_done')} AS date_done, traceback${more}`;
    const found = new Map<string, ResultMeta | Error>();
    for (let first = 0; first < taskIds.length; first += MAX_ROWS) {
      const some = taskIds.slice(first, first + MAX_ROWS);
      const marks = some.map((_, index) => this.#mark(index + 1)).join(', ');
      const sql = `SELECT ${columns} FROM ${tasks.name} WHERE task_id IN (${marks})`;
      for (const row of await this.#runner.run('read results', sql, some)) {
        found.set(String(row['task_id']), readRow(row, this.#codec));
      }
    }
    return found;
  }

  get #tables(): Tables {
    if (this.#prepared) return this.#prepared;
    throw new UmbelError('unavailable', `The result backend ${this.displayUrl} is not open.`);
  }

  #mark(n: number): string {
    return this.#database.dialect.placeholder(n);
  }
}

function readRow(row: Row, codec: StoredCodec): ResultMeta | Error {
  try {
    return fromRow(row, codec);
  } catch (error) {
    return toError(error);
  }
}
