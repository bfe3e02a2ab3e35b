/** A value of a column or a parameter. */
export type Value = string | number | Uint8Array | null;
export type Row = Readonly<Record<string, unknown>>;

/** One kind of database: how it is reached, and what its SQL has of its own. */
export interface Database {
  readonly dialect: Dialect;
  /** Milliseconds between two tries at most, while it is away or locked. */
  readonly longestWaitMs: number;
  /** Connects and checks the login. */
  open(): Promise<void>;
  /** Runs one statement on a connection of the pool. */
  query(sql: string, parameters: readonly Value[]): Promise<readonly Row[]>;
  /** The statement could not run now but may later: a lost connection, a deadlock, a locked file. */
  isPassing(error: unknown): boolean;
  close(): Promise<void>;
}

export interface Dialect {
  /** Types of the columns as SQLAlchemy writes them. */
  readonly types: { readonly id: string; readonly blob: string; readonly date: string };
  /** Behind the columns of the table, where the id is not the key by its type. */
  readonly primaryKey: string;
  /** Behind the parenthesis of a table's columns. */
  readonly tableOptions: string;
  /** Ids of new tables are drawn from a sequence: the expression for the next one. null: the table gives ids. */
  readonly nextValue: ((sequence: string) => string) | null;
  /**
   * A statement for a table's columns: `name`, and `is_given` when the table itself fills it. Parameters: table, schema or
   * null.
   */
  readonly columnsOf: string;
  quote(name: string): string;
  /** The `n`th parameter, from 1. */
  placeholder(n: number): string;
  /** Behind an INSERT: overwrites the row that is there, unless its status is SUCCESS. */
  overwrite(table: string, columns: readonly string[]): string;
  /** The same without a condition. */
  replace(key: string, columns: readonly string[]): string;
  /** A column as text. */
  asText(column: string): string;
}

/** `"name"`, with quotes in it doubled. */
export function quoted(name: string, mark: string): string {
  return mark + name.replaceAll(mark, mark + mark) + mark;
}

/** Of PostgreSQL and SQLite. */
export function onConflict(key: string, columns: readonly string[], condition: string): string {
  const changes = columns.map((column) => `${column} = excluded.${column}`);
  return `ON CONFLICT (${key}) DO UPDATE SET ${changes.join(', ')}${condition}`;
}
