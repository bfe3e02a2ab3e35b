import type { Dialect, Row, Value } from './database.ts';

/** A table, ready to stand in a statement. */
export interface Table {
  readonly name: string;
  /** `id, ` and where its next value comes from, with a comma behind; empty where the table gives ids itself. */
  readonly idColumn: string;
  readonly idValue: string;
}

/** The tables of one backend. */
export interface Tables {
  readonly tasks: Table;
  readonly groups: Table;
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
  const { id, blob, date } = dialect.types;
  const common = `result ${blob}, date_done ${date}`;
  const prepare = async (wanted: WantedTable): Promise<{ table: Table; columns: ReadonlySet<string> }> => {
    const { schema } = wanted;
    const place = schema === undefined ? '' : `${dialect.quote(schema)}.`;
    const [name, sequence] = [place + dialect.quote(wanted.name), place + wanted.sequence];
    const found = await run(dialect.columnsOf, [wanted.name, schema ?? null]);
    if (found.length === 0) {
      if (dialect.nextValue) await run(`CREATE SEQUENCE IF NOT EXISTS ${sequence}`, []);
      const list = `id ${id}, ${wanted.columns}${dialect.primaryKey}, UNIQUE (${wanted.key})`;
      await run(`CREATE TABLE IF NOT EXISTS ${name} (${list})${dialect.tableOptions}`, []);
    }
    // A table that somebody made otherwise may count by itself; numbers of a sequence would meet its own.
    const isGiven = found.some((column) => column['name'] === 'id' && Boolean(column['is_given']));
    const next = isGiven ? null : (dialect.nextValue?.(sequence) ?? null);
    const table = { name, idColumn: next ? 'id, ' : '', idValue: next ? `${next}, ` : '' };
    return { table, columns: new Set(found.map((column) => String(column['name']))) };
  };
  const extended = `, name VARCHAR(155), args ${blob}, kwargs ${blob}, worker VARCHAR(155), retries INTEGER, queue VARCHAR(155)`;
  const tasks = await prepare({
    name: names.task ?? 'celery_taskmeta',
    schema: schemas.task,
    sequence: 'task_id_sequence',
    columns: `task_id VARCHAR(155), status VARCHAR(50), ${common}, traceback TEXT${isExtended ? extended : ''}`,
    key: 'task_id',
  });
  const groups = await prepare({
    name: names.group ?? 'celery_tasksetmeta',
    schema: schemas.group,
    sequence: 'taskset_id_sequence',
    columns: `taskset_id VARCHAR(155), ${common}`,
    key: 'taskset_id',
  });
  const { columns } = tasks;
  return {
    tasks: tasks.table,
    groups: groups.table,
    isExtended: isExtended && (columns.size === 0 || EXTENDED.every((name) => columns.has(name))),
  };
}

interface WantedTable {
  readonly name: string;
  readonly schema: string | undefined;
  readonly sequence: string;
  /** All but `id`. */
  readonly columns: string;
  /** Of which there is one row each. */
  readonly key: string;
}
