import { UmbelError } from '../../contract/errors.ts';
import { isRecord } from '../../protocol/record.ts';
import type { BackendOptions } from '../backend.ts';
import type { Database } from './database.ts';
import { MysqlDatabase } from './mysql.ts';
import { PostgresDatabase } from './postgresql.ts';
import { SqliteDatabase } from './sqlite.ts';
import type { TableOptions } from './tables.ts';
import type { DatabaseAddress } from './url.ts';

interface DatabaseSettings {
  readonly tables: TableOptions;
  /** Connections of one process at most. */
  readonly poolSize: number;
  readonly timeoutMs: number;
}

const DEFAULT_POOL_SIZE = 5;

/** Reads Celery's `database_*` settings. Throws `UmbelError('bad_config')`. */
export function readDatabaseOptions(options: BackendOptions): DatabaseSettings {
  const { database = {}, isExtended = false, connectionTimeoutMs = 4000 } = options;
  const poolSize = database.engineOptions?.['pool_size'] ?? DEFAULT_POOL_SIZE;
  if (typeof poolSize !== 'number' || !Number.isInteger(poolSize) || poolSize < 1) {
    throw new UmbelError('bad_config', 'database_engine_options.pool_size must be a whole number above 0.');
  }
  return {
    tables: {
      names: names(database.tableNames, 'database_table_names'),
      schemas: names(database.tableSchemas, 'database_table_schemas'),
      isExtended,
    },
    poolSize,
    timeoutMs: connectionTimeoutMs,
  };
}

function names(given: unknown, setting: string): { task?: string; group?: string } {
  if (given === undefined || given === null) return {};
  if (!isRecord(given)) throw badNames(setting);
  const found: { task?: string; group?: string } = {};
  for (const [key, value] of Object.entries(given)) {
    if ((key !== 'task' && key !== 'group') || typeof value !== 'string' || !/^\w+$/.test(value)) {
      throw badNames(setting);
    }
    found[key] = value;
  }
  return found;
}

function badNames(setting: string): UmbelError {
  return new UmbelError(
    'bad_config',
    `${setting} must be { task: "name", group: "name" } with names of letters, digits and underscores.`,
  );
}

/** The database behind an address, not connected. */
export function openDatabase(address: DatabaseAddress, settings: DatabaseSettings): Database {
  const { poolSize, timeoutMs } = settings;
  switch (address.kind) {
    case 'postgresql':
      return new PostgresDatabase({ ...address, poolSize, timeoutMs });
    case 'mysql':
      return new MysqlDatabase({ ...address, poolSize, timeoutMs });
    case 'sqlite':
      return new SqliteDatabase(address);
  }
}
