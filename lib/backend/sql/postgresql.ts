import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { Pool, PoolConfig } from 'pg';
import { type Database, type Dialect, onConflict, quoted, type Row, type Value } from './database.ts';
import { loadDriver } from './driver.ts';
import { codeOf, isNetworkFailure } from './failures.ts';
import type { DatabaseServer } from './url.ts';

const DIALECT: Dialect = {
  types: { id: 'INTEGER NOT NULL', blob: 'BYTEA', date: 'TIMESTAMP WITHOUT TIME ZONE' },
  primaryKey: ', PRIMARY KEY (id)',
  tableOptions: '',
  nextValue: (sequence) => `nextval('${sequence}')`,
  // information_schema hides what belongs to another user.
  columnsOf:
    "SELECT attname AS name, atthasdef OR attidentity <> '' AS is_given FROM pg_attribute " +
    'JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace ' +
    'WHERE relname = $1 AND attnum > 0 AND NOT attisdropped AND ' +
    'nspname = ANY(CASE WHEN $2::text IS NULL THEN current_schemas(false) ELSE ARRAY[$2::name] END)',
  quote: (name) => quoted(name, '"'),
  placeholder: (n) => `$${n}`,
  overwrite: (table, columns) =>
    onConflict('task_id', columns, ` WHERE ${table}.status IS DISTINCT FROM 'SUCCESS'`),
  replace: (key, columns) => onConflict(key, columns, ''),
  // A cast would write it as the server's DateStyle says.
  asText: (column) => `to_char(${column}, 'YYYY-MM-DD HH24:MI:SS.US')`,
};

/** Connection lost, server starting, stopping or a replica, cancelled, deadlock, lost race to create a table. */
const PASSING = /^(08|25006|40001|40P01|53300|55P03|57014|57P0|23505|42P07|42710)/;

/** PostgreSQL through `pg`, a bounded pool. */
export class PostgresDatabase implements Database {
  readonly dialect = DIALECT;
  readonly longestWaitMs = 1_000;
  readonly #server: DatabaseServer;
  #pool: Pool | null = null;

  constructor(server: DatabaseServer) {
    this.#server = server;
  }

  async open(): Promise<void> {
    const { default: pg } = await loadDriver('pg', () => import('pg'));
    const pool = new pg.Pool(this.#config());
    // An idle connection was lost: the pool opens another one when it needs it.
    pool.on('error', () => {});
    this.#pool = pool;
    await this.query('SELECT 1', []);
  }

  async query(sql: string, parameters: readonly Value[]): Promise<readonly Row[]> {
    if (!this.#pool) throw new Error('the connection is closed');
    const { rows } = await this.#pool.query<Row>(sql, [...parameters]);
    return rows;
  }

  isPassing(error: unknown): boolean {
    const text = error instanceof Error ? error.message : '';
    const isLost = isNetworkFailure(error) || /terminated|timeout|timed out/i.test(text);
    return isLost || PASSING.test(codeOf(error));
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.end();
  }

  #config(): PoolConfig {
    const { host, port, user, password, database, parameters, poolSize, timeoutMs } = this.#server;
    const ssl = tlsOptions(parameters);
    const options = parameters.get('options');
    return {
      host: parameters.get('host') ?? host,
      database,
      ...(port !== null && { port }),
      ...(user && { user }),
      ...(password && { password }),
      ...(ssl && { ssl }),
      ...(options && { options }),
      application_name: parameters.get('application_name') ?? 'umbel',
      max: poolSize,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: QUERY_LIMIT_MS,
      keepAlive: true,
    };
  }
}

const QUERY_LIMIT_MS = 30_000;

/** libpq's `sslmode`: up to `require` nothing is verified, `verify-ca` leaves the host's name out. */
function tlsOptions(parameters: ReadonlyMap<string, string>): ConnectionOptions | null {
  const mode = parameters.get('sslmode') ?? 'disable';
  if (mode === 'disable' || mode === 'allow' || mode === 'prefer') return null;
  const read = (name: string): string | undefined => {
    const path = parameters.get(name);
    return path === undefined ? undefined : readFileSync(path, 'utf8');
  };
  const [ca, cert, key] = [read('sslrootcert'), read('sslcert'), read('sslkey')];
  return {
    rejectUnauthorized: mode !== 'require' || ca !== undefined,
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
}
