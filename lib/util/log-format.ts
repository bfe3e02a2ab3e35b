/** What a line of the log may tell, by the names of Python's logging. */
export interface LogFields {
  readonly asctime: string;
  readonly levelname: string;
  readonly processName: string;
  readonly message: string;
  /** Of lines that a task writes. */
  readonly task_name?: string;
  readonly task_id?: string;
}

/** Celery's defaults (celery/app/defaults.py). */
export const DEFAULT_LOG_FORMAT = '[%(asctime)s: %(levelname)s/%(processName)s] %(message)s';
export const DEFAULT_TASK_LOG_FORMAT =
  '[%(asctime)s: %(levelname)s/%(processName)s] %(task_name)s[%(task_id)s]: %(message)s';

const FIELDS = [
  'asctime',
  'levelname',
  'processName',
  'process',
  'name',
  'message',
  'task_name',
  'task_id',
] as const;
/** A field, or a percent sign. */
const PART = /%(?:%|\((\w+)\)(-?)(\d*)[sd])/g;

/** Names in a format that no line has, for an error before the worker starts. */
export function unknownFields(format: string): string[] {
  const names = [...format.matchAll(PART)].flatMap(([, name]) => name ?? []);
  return names.filter((name) => !FIELDS.some((known) => known === name));
}

/** Writes lines as a format of Python's logging says: `%(levelname)-8s`. */
export function compileFormat(format: string): (fields: LogFields) => string {
  return (fields) =>
    format.replace(PART, (_whole, name: string | undefined, left: string, width: string) => {
      if (name === undefined) return '%';
      const text = textOf(name, fields);
      return left ? text.padEnd(Number(width)) : text.padStart(Number(width));
    });
}

function textOf(field: string, fields: LogFields): string {
  if (field === 'process') return String(process.pid);
  if (field === 'name') return fields.task_name === undefined ? 'umbel' : 'umbel.task';
  const value: unknown = Reflect.get(fields, field);
  return typeof value === 'string' ? value : '???';
}
