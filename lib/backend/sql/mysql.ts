import { readFileSync } from 'node:fs';
import type { Pool, PoolOptions, SslOptions } from 'mysql2/promise';
import { type Database, type Dialect, quoted, type Row, type Value } from './database.ts';
import { loadDriver } from './driver.ts';
import { codeOf, isNetworkFailure } from './failures.ts';
import type { DatabaseServer } from './url.ts';

const DIALECT: Dialect = {
  types: { id: 'INTEGER NOT NULL AUTO_INCREMENT', blob: 'BLOB', date: 'DATETIME' },
  primaryKey: ', PRIMARY KEY (id)',
  // The default of a database may be a set without all characters.
  tableOptions: ' CHARACTER SET utf8mb4',
  nextValue: null,
  columnsOf:
    "SELECT column_name AS name, extra LIKE '%auto_increment%' AS is_given FROM information_schema.columns " +
    'WHERE table_name = ? AND table_schema = COALESCE(?, DATABASE())',
  quote: (name) => quoted(name, '`'),
  placeholder: () => '?',
  // Assignments run from left to right, so the status, on which they all depend, comes last.
  overwrite: (_table, columns) => {
    const ordered = [...columns.filter((column) => column !== 'status'), 'status'];
    const changes = ordered.map(
      (column) => `${column} = IF(status <=> 'SUCCESS', ${column}, VALUES(${column}))`,
    );
    return `ON DUPLICATE KEY UPDATE ${changes.join(', ')}`;
  },
  replace: (_key, columns) =>
    `ON DUPLICATE KEY UPDATE ${columns.map((column) => `${column} = VALUES(${column})`).join(', ')}`,
  asText: (column) => column,
};

/** MariaDB has sequences since 10.3, and SQLAlchemy uses them there. */
const MARIADB: Dialect = {
  ...DIALECT,
  types: { ...DIALECT.types, id: 'INTEGER NOT NULL' },
  nextValue: (sequence) => `NEXT VALUE FOR ${sequence}`,
};

const PASSING =
  /^(PROTOCOL_|ER_LOCK_|ER_SERVER_SHUTDOWN|ER_CON_COUNT|ER_TABLE_EXISTS|ER_NORMAL_SHUTDOWN|ER_CONNECTION_KILLED|ER_QUERY_INTERRUPTED|ER_OPTION_PREVENTS_STATEMENT)/;

/** MySQL and MariaDB through `mysql2`, a bounded pool. */
export class MysqlDatabase implements Database {
  /** Known once it is open. */
  dialect = DIALECT;
  readonly longestWaitMs = 1_000;
  readonly #server: DatabaseServer;
  #pool: Pool | null = null;

  constructor(server: DatabaseServer) {
    this.#server = server;
  }

  async open(): Promise<void> {
    const { default: mysql } = await loadDriver('mysql2', () => import('mysql2/promise'));
    const pool = mysql.createPool(this.#options());
    // Else a server that is not strict cuts what is too long for a column. Goes before the first statement; when it fails,
    // so does that.
    pool.pool.on('connection', (connection) => void connection.query(STRICT, () => {}));
    this.#pool = pool;
    const [row] = await this.query('SELECT VERSION() AS version', []);
    if (/mariadb/i.test(String(row?.['version']))) this.dialect = MARIADB;
  }

  async query(sql: string, parameters: readonly Value[]): Promise<readonly Row[]> {
    if (!this.#pool) throw new Error('the connection is closed');
    const values = parameters.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value));
    const connection = await this.#pool.getConnection();
    try {
      const [rows] = await connection.query({ sql, values, timeout: QUERY_LIMIT_MS });
      return Array.isArray(rows) ? rows.filter((row): row is Row & typeof row => !Array.isArray(row)) : [];
    } catch (error) {
      // It still waits for its answer, and who came next would wait behind.
      if (codeOf(error) === TIMED_OUT) connection.destroy();
      throw error;
    } finally {
      connection.release();
    }
  }

  isPassing(error: unknown): boolean {
    const text = error instanceof Error ? error.message : '';
    const isLost = isNetworkFailure(error) || /closed state|connection lost/i.test(text);
    return isLost || PASSING.test(codeOf(error));
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.end();
  }

  #options(): PoolOptions {
    const { host, port, user, password, database, parameters, poolSize, timeoutMs } = this.#server;
    const [socketPath, ssl] = [parameters.get('unix_socket'), tlsOptions(parameters)];
    return {
      ...(socketPath ? { socketPath } : { host, ...(port !== null && { port }) }),
      user,
      password,
      database,
      ...(ssl && { ssl }),
      charset: parameters.get('charset') ?? 'utf8mb4',
      connectionLimit: poolSize,
      connectTimeout: timeoutMs,
      dateStrings: true,
      enableKeepAlive: true,
    };
  }
}

const QUERY_LIMIT_MS = 30_000;
const TIMED_OUT = 'PROTOCOL_SEQUENCE_TIMEOUT';
const STRICT = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')";

function tlsOptions(parameters: ReadonlyMap<string, string>): SslOptions | null {
  const read = (name: string): Buffer | undefined => {
    const path = parameters.get(name);
    return path === undefined ? undefined : readFileSync(path);
  };
  const [ca, cert, key] = [read('ssl_ca'), read('ssl_cert'), read('ssl_key')];
  if (!ca && !cert) return null;
  return {
    rejectUnauthorized: ca !== undefined,
    verifyIdentity: ca !== undefined && parameters.get('ssl_check_hostname') !== 'false',
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
}
