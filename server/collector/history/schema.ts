import { COLUMNS } from './stored-task.ts';

export const SCHEMA_VERSION = 1;

/**
 * `tasks_text` finds any three letters of the texts of a task (SQLite FTS5, trigram). It stores no copy of the text
 * (`content=''`); its row ids and the columns `is_indexed` and
 * `outcome_mark` are explained in `searchable.ts`.
 */
export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT, state TEXT NOT NULL, args TEXT, kwargs TEXT, queue TEXT, worker TEXT,
    sent REAL, received REAL, started REAL, finished REAL, timestamp REAL NOT NULL, runtime REAL,
    retries INTEGER NOT NULL DEFAULT 0, result TEXT, exception TEXT, parent TEXT,
    extra TEXT NOT NULL,
    is_indexed INTEGER NOT NULL, outcome_mark INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS tasks_time ON tasks (timestamp, id);
  CREATE INDEX IF NOT EXISTS tasks_state ON tasks (state, timestamp, id);
  CREATE INDEX IF NOT EXISTS tasks_name ON tasks (name, timestamp, id);
  CREATE INDEX IF NOT EXISTS tasks_worker ON tasks (worker, timestamp, id);
  CREATE INDEX IF NOT EXISTS tasks_queue ON tasks (queue, timestamp, id);
  CREATE INDEX IF NOT EXISTS tasks_parent ON tasks (parent) WHERE parent IS NOT NULL;
  CREATE VIRTUAL TABLE IF NOT EXISTS tasks_text USING fts5(
    text, content='', contentless_delete=1, tokenize='trigram'
  );
  CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tasks_received ON tasks (received, id);
  CREATE TABLE IF NOT EXISTS buckets (
    step INTEGER NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (step, at)
  ) WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

const KEPT = ['name', 'args', 'kwargs', 'queue', 'worker', 'sent', 'received', 'started', 'finished'];
const ALSO_KEPT = ['runtime', 'result', 'exception', 'parent'];

/**
 * Writes a task over what is stored of it. A task that left the memory comes back with its later events only: what
 * they do not tell stays as it was, and a success or failure is not undone by an event that came late. The id given is
 * for a new row: asking SQLite for the one it chose (RETURNING) costs half as much again.
 */
export const UPSERT = `
  INSERT INTO tasks (${COLUMNS.join(', ')}, id, is_indexed, outcome_mark)
  VALUES (${COLUMNS.map(() => '?').join(', ')}, ?, ?, ?)
  ON CONFLICT (uuid) DO UPDATE SET
    ${[...KEPT, ...ALSO_KEPT].map((column) => `${column} = coalesce(excluded.${column}, ${column})`).join(', ')},
    state = CASE
      WHEN state IN ('SUCCESS', 'FAILURE') AND excluded.state NOT IN ('SUCCESS', 'FAILURE') THEN state
      ELSE excluded.state END,
    timestamp = max(timestamp, excluded.timestamp),
    retries = max(retries, excluded.retries),
    extra = json_patch(extra, excluded.extra),
    is_indexed = max(is_indexed, excluded.is_indexed),
    outcome_mark = CASE WHEN excluded.outcome_mark = 0 THEN outcome_mark ELSE excluded.outcome_mark END
`;
