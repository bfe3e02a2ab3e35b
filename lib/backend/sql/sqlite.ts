import { isAnyArrayBuffer } from 'node:util/types';
import type LibSql from 'libsql';
import { isRecord } from '../../protocol/record.ts';
import { type Database, type Dialect, onConflict, quoted, type Row, type Value } from './database.ts';
import { codeOf } from './failures.ts';
import type { DatabaseAddress } from './url.ts';

const DIALECT: Dialect = {
  types: { id: 'INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT', blob: 'BLOB', date: 'DATETIME' },
  primaryKey: '',
  nextValue: null,
  columnsOf: 'SELECT name FROM pragma_table_info(?) WHERE ? IS NULL',
  quote: (name) => quoted(name, '"'),
  placeholder: () => '?',
  overwrite: (_table, columns) => onConflict('task_id', columns, " WHERE status IS NOT 'SUCCESS'"),
  replace: (key, columns) => onConflict(key, columns, ''),
  asText: (column) => column,
};

/** A file through `libsql`. Each call runs at once; a file that another process locks is tried again, never waited for. */
export class SqliteDatabase implements Database {
  readonly dialect = DIALECT;
  readonly #address: DatabaseAddress;
  #file: LibSql.Database | null = null;

  constructor(address: DatabaseAddress) {
    this.#address = address;
  }

  async open(): Promise<void> {
    const { default: Libsql } = await import('libsql');
    this.#file = new Libsql(this.#address.database, { timeout: 0 });
    await this.query('SELECT 1', []);
  }

  async query(sql: string, parameters: readonly Value[]): Promise<readonly Row[]> {
    if (!this.#file) throw new Error('the file is closed');
    const statement = this.#file.prepare(sql);
    // As a list: libsql takes a lone buffer for an object of named parameters.
    if (sql.startsWith('SELECT'))
      return statement
        .all([...parameters])
        .filter(isRecord)
        .map(withBytes);
    statement.run([...parameters]);
    return [];
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
