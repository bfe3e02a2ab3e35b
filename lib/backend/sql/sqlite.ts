import { isAnyArrayBuffer } from 'node:util/types';
import type LibSql from 'libsql';
import { isRecord } from '../../protocol/record.ts';
import { type Database, type Dialect, onConflict, quoted, type Row, type Value } from './database.ts';
import { codeOf } from './failures.ts';
import type { DatabaseAddress } from './url.ts';

const DIALECT: Dialect = {
  types: { id: 'INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT', blob: 'BLOB', date: 'DATETIME' },
  primaryKey: '',
  tableOptions: '',
  nextValue: null,
  columnsOf: 'SELECT name, 1 AS is_given FROM pragma_table_info(?) WHERE ? IS NULL',
  quote: (name) => quoted(name, '"'),
  placeholder: () => '?',
  overwrite: (_table, columns) => onConflict('task_id', columns, " WHERE status IS NOT 'SUCCESS'"),
  replace: (key, columns) => onConflict(key, columns, ''),
  asText: (column) => column,
};

/** A lock is taken by statements that end at once whatever happens. */
const BEGIN_READING = 'BEGIN; SELECT 1 FROM sqlite_master LIMIT 1';
const BEGIN_WRITING = 'BEGIN IMMEDIATE';

/**
 * A file through `libsql`. Each call runs at once; a file that another process locks is tried again, never waited for.
 *
 * A prepared statement that finds the file locked is left open by libsql until it is collected: it keeps its lock, and what
 * is written after it is not committed. So the lock is taken before, and there is none to wait for after that but at COMMIT.
 */
export class SqliteDatabase implements Database {
  readonly dialect = DIALECT;
  /** Others hold the lock for moments, and whoever asks often gets it. */
  readonly longestWaitMs = 50;
  readonly #address: DatabaseAddress;
  #file: LibSql.Database | null = null;

  constructor(address: DatabaseAddress) {
    this.#address = address;
  }

  async open(): Promise<void> {
    const { default: Libsql } = await import('libsql');
    this.#file = new Libsql(this.#address.database, { timeout: 0 });
  }

  async query(sql: string, parameters: readonly Value[]): Promise<readonly Row[]> {
    const file = this.#file;
    if (!file) throw new Error('the file is closed');
    const isReading = sql.startsWith('SELECT');
    try {
      file.exec(isReading ? BEGIN_READING : BEGIN_WRITING);
      const statement = file.prepare(sql);
      // As a list: libsql takes a lone buffer for an object of named parameters.
      const values = [...parameters];
      const rows = isReading ? statement.all(values).filter(isRecord).map(withBytes) : [];
      if (!isReading) statement.run(values);
      file.exec('COMMIT');
      return rows;
    } catch (error) {
      if (file.inTransaction) file.exec('ROLLBACK');
      throw error;
    }
  }

  isPassing(error: unknown): boolean {
    const text = error instanceof Error ? error.message : '';
    return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error)) || /database (table )?is locked/.test(text);
  }

  async close(): Promise<void> {
    this.#file?.close();
    this.#file = null;
  }
}

/** libsql gives blobs as ArrayBuffer. */
function withBytes(row: Row): Row {
  const columns = Object.entries(row).map(([name, value]) => [
    name,
    isAnyArrayBuffer(value) ? new Uint8Array(value) : value,
  ]);
  return Object.fromEntries(columns);
}
