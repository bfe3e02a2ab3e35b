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
}

export interface LoggerOptions {
  /** Lowest level that is written. Default `WARNING`, as Celery's. */
  level?: LogLevel;
  /** Process name in each line. Default `MainProcess`. */
  processName?: string;
  /** Where lines go. Default standard error. */
  write?: (line: string) => void;
}

/** Reads `info`, `INFO` or `20` as a level; undefined when it is none. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const upper = text.toUpperCase();
  const known = LOG_LEVELS.find((level) => level === upper || level.startsWith(upper.slice(0, 4)));
  return known ?? LOG_LEVELS[Number(text) / 10 - 1];
}

/**
 * Writes lines in Celery's default `worker_log_format`:
 * `[2026-11-21 03:04:19,765: INFO/MainProcess] text`, local time, so that tools that read Celery's logs read ours.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const threshold = LOG_LEVELS.indexOf(options.level ?? 'WARNING');
  const processName = options.processName ?? 'MainProcess';
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const log = (level: LogLevel) => (message: string) => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    write(`[${timestamp(new Date())}: ${level}/${processName}] ${message}\n`);
  };
  return {
    debug: log('DEBUG'),
    info: log('INFO'),
    warning: log('WARNING'),
    error: log('ERROR'),
    critical: log('CRITICAL'),
    isEnabled: (level) => LOG_LEVELS.indexOf(level) >= threshold,
  };
}

/** A logger that drops everything, for tests and embedded use. */
export const silentLogger: Logger = createLogger({ level: 'CRITICAL', write: () => {} });

function timestamp(date: Date): string {
  const pad = (value: number, width = 2) => String(value).padStart(width, '0');
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return `${day} ${time},${pad(date.getMilliseconds(), 3)}`;
}
