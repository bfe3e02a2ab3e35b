import type { Dialect, Row, Value } from './database.ts';

/** The tables of one backend, ready to stand in a statement. */
export interface Tables {
  readonly tasks: string;
  readonly groups: string;
  /** For the next id, with a comma behind; empty where the database gives ids itself. */
  readonly taskIdColumn: string;
  readonly taskIdValue: string;
  readonly groupIdValue: string;
  /** The table of tasks has columns for name, arguments, worker, retries and queue. */
  readonly isExtended: boolean;
}

/** Celery's `database_table_names`, `database_table_schemas` and `result_extended`. */
export interface TableOptions {
  readonly names: { readonly task?: string; readonly group?: string };
  readonly schemas: { readonly task?: string; readonly group?: string };
  readonly isExtended: boolean;
}

type Run = (sql: string, parameters: readonly Value[]) => Promise<readonly Row[]>;

const EXTENDED = ['name', 'args', 'kwargs', 'worker', 'retries', 'queue'];

/**
 * Finds Celery's tables (celery/backends/database/models.py), and creates those that are missing as SQLAlchemy would.
 * With `isExtended` on a table without these columns they are left out. Several processes may create the tables at once:
 * `run` tries again for the one that comes second.
 */
export async function prepareTables(
  run: Run,
  dialect: Dialect,
  { names, schemas, isExtended }: TableOptions,
): Promise<Tables> {
  const { task = 'celery_taskmeta', group = 'celery_tasksetmeta' } = names;
  const place = (schema: string | undefined): string => (schema ? `${dialect.quote(schema)}.` : '');
  const tables = {
    tasks: place(schemas.task) + dialect.quote(task),
    groups: place(schemas.group) + dialect.quote(group),
  };
  const sequences = {
    tasks: `${place(schemas.task)}task_id_sequence`,
    groups: `${place(schemas.group)}taskset_id_sequence`,
  };
  const columnsOf = async (table: string, schema?: string): Promise<ReadonlySet<string>> => {
    const rows = await run(dialect.columnsOf, [table, schema ?? null]);
    return new Set(rows.map((row) => String(row['name'])));
  };
  const create = async (table: string, columns: string, sequence: string): Promise<void> => {
    if (dialect.nextValue) await run(`CREATE SEQUENCE IF NOT EXISTS ${sequence}`, []);
    await run(`CREATE TABLE IF NOT EXISTS ${table} (${columns})`, []);
  };
  const { id, blob, date } = dialect.types;
  const common = `result ${blob}, date_done ${date}`;
  const extended = `, name VARCHAR(155), args ${blob}, kwargs ${blob}, worker VARCHAR(155), retries INTEGER, queue VARCHAR(155)`;
  const columns = await columnsOf(task, schemas.task);
  if (columns.size === 0) {
    const list = `id ${id}, task_id VARCHAR(155), status VARCHAR(50), ${common}, traceback TEXT${isExtended ? extended : ''}`;
    await create(tables.tasks, `${list}${dialect.primaryKey}, UNIQUE (task_id)`, sequences.tasks);
  }
  if ((await columnsOf(group, schemas.group)).size === 0) {
    const list = `id ${id}, taskset_id VARCHAR(155), ${common}`;
    await create(tables.groups, `${list}${dialect.primaryKey}, UNIQUE (taskset_id)`, sequences.groups);
  }
  const next = (sequence: string): string => (dialect.nextValue ? `${dialect.nextValue(sequence)}, ` : '');
  return {
    ...tables,
    taskIdColumn: dialect.nextValue ? 'id, ' : '',
    taskIdValue: next(sequences.tasks),
    groupIdValue: next(sequences.groups),
    isExtended: isExtended && (columns.size === 0 || EXTENDED.every((name) => columns.has(name))),
  };
}
