import { compileFormat, DEFAULT_LOG_FORMAT, DEFAULT_TASK_LOG_FORMAT } from './log-format.ts';
import { maskText } from './mask.ts';
import { originalOf } from './redirect.ts';

/** Levels of Python's logging, as Celery's `--loglevel` names them. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  critical(message: string): void;
  isEnabled(level: LogLevel): boolean;
  /** A line that a task wrote; null: nobody knows which. */
  logOf?(task: LoggedTask | null, level: LogLevel, message: string): void;
}

export interface LoggedTask {
  readonly name: string;
  readonly id: string;
}

export interface LoggerOptions {
  /** Lowest level that is written. Default `WARNING`, as Celery's. */
  level?: LogLevel;
  /** Process name in each line. Default `MainProcess`. */
  processName?: string;
  /** `worker_log_format`, as Python's logging has it. */
  format?: string | null;
  /** The same for lines of tasks (`worker_task_log_format`). */
  taskFormat?: string | null;
  /** Warnings and errors in colour. Default false. */
  isColored?: boolean;
  /** Where lines go. Default standard error. */
  write?: (line: string) => void;
}

/** Reads `info`, `INFO` or `20` as a level; undefined when it is none. */
export function parseLogLevel(text: string): LogLevel | undefined {
  // Python's other name for it.
  const upper = text.toUpperCase().replace(/^FATAL$/, 'CRITICAL');
  const known = LOG_LEVELS.find((level) => level === upper || level.startsWith(upper.slice(0, 4)));
  return known ?? LOG_LEVELS[Number(text) / 10 - 1];
}

/**
 * Writes lines in Celery's default `worker_log_format`:
 * `[2026-11-21 03:04:19,765: INFO/MainProcess] text`, local time, so that tools that read Celery's logs read ours.
 * Secrets in the text are masked.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const threshold = LOG_LEVELS.indexOf(options.level ?? 'WARNING');
  const processName = options.processName ?? 'MainProcess';
  const write = options.write ?? writeToStderr();
  const plain = compileFormat(options.format ?? DEFAULT_LOG_FORMAT);
  const ofTask = compileFormat(options.taskFormat ?? DEFAULT_TASK_LOG_FORMAT);
  const line = (level: LogLevel, given: string, task: LoggedTask | null): void => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    const message = maskText(given);
    const fields = { asctime: timestamp(new Date()), levelname: level, processName, message };
    const text =
      task === null ? plain(fields) : ofTask({ ...fields, task_name: task.name, task_id: task.id });
    write(`${options.isColored ? colored(level, text) : text}\n`);
  };
  const log = (level: LogLevel) => (message: string) => line(level, message, null);
  return {
    debug: log('DEBUG'),
    info: log('INFO'),
    warning: log('WARNING'),
    error: log('ERROR'),
    critical: log('CRITICAL'),
    isEnabled: (level) => LOG_LEVELS.indexOf(level) >= threshold,
    logOf: (task, level, message) => line(level, message, task),
  };
}

/** Standard error itself, also when what is printed goes to the log (`redirectStdouts`). */
function writeToStderr(): (line: string) => void {
  const { stderr } = process;
  const write = originalOf(stderr);
  return (line) => void Reflect.apply(write, stderr, [line]);
}

const COLORS: Readonly<Partial<Record<LogLevel, number>>> = {
  DEBUG: 34,
  WARNING: 33,
  ERROR: 31,
  CRITICAL: 35,
};

/** Celery's colours (celery/utils/log.py `ColorFormatter`). */
function colored(level: LogLevel, text: string): string {
  const color = COLORS[level];
  return color === undefined ? text : `\u001b[1;${color}m${text}\u001b[0m`;
}

/** A logger that drops everything, for tests and embedded use. */
export const silentLogger: Logger = createLogger({ level: 'CRITICAL', write: () => {} });

function timestamp(date: Date): string {
  const pad = (value: number, width = 2) => String(value).padStart(width, '0');
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return `${day} ${time},${pad(date.getMilliseconds(), 3)}`;
}
