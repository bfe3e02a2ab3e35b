import { InvalidArgumentError } from 'commander';
import { type LogLevel, parseLogLevel } from '../util/logger.ts';

/** A number of seconds from the command line. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError(`"${text}" is not a number of seconds.`);
  return value;
}

/** A whole number from the command line. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError(`"${text}" is not a whole number.`);
  return value;
}

/** Names with commas between them. */
export function list(text: string): string[] {
  return text.split(',').filter(Boolean);
}

export function logLevel(text: string): LogLevel {
  const level = parseLogLevel(text);
  if (level) return level;
  throw new InvalidArgumentError('It is one of debug, info, warning, error, critical.');
}
