import { InvalidArgumentError } from 'commander';
import { type LogLevel, parseLogLevel } from '../util/logger.ts';

/** A number of seconds from the command line. */
export function seconds(text: string): number {
  const value = numberOf(text);
  if (!(value >= 0)) throw new InvalidArgumentError(`"${text}" is not a number of seconds.`);
  return value;
}

/** The same, also below 0: a time that has passed. */
export function secondsFromNow(text: string): number {
  const value = numberOf(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError(`"${text}" is not a number of seconds.`);
  return value;
}

/** NaN also for nothing and for what is beyond all numbers: an empty variable of a script is no zero. */
function numberOf(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}

/** A whole number from the command line. */
export function wholeNumber(text: string): number {
  const value = numberOf(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError(`"${text}" is not a whole number.`);
  return value;
}

/** A whole number from 1 from the command line. */
export function count(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError(`It is ${value}, but must be a whole number from 1.`);
  return value;
}

/** File modes as octal digits. */
export function octal(text: string): string {
  if (/^[0-7]{1,4}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be octal digits, such as 022.');
}

/** `max,min` or `max` alone, as Celery reads it: the larger of two is the upper bound. */
export function autoscale(text: string): { max: number; min: number } {
  const numbers = text.split(',').map(wholeNumber);
  if (numbers.length > 2) throw new InvalidArgumentError('It is max,min: two whole numbers.');
  return { max: Math.max(...numbers), min: numbers.length === 1 ? 0 : Math.min(...numbers) };
}

/** How often something is done again. */
export function pause(text: string): number {
  const value = seconds(text);
  if (value < 0.1) throw new InvalidArgumentError(`It is ${value}, but must be 0.1 seconds at least.`);
  return value;
}

/** A port; 0 stands for any free one. */
export function port(text: string): number {
  const value = wholeNumber(text);
  if (value < 0 || value > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return value;
}

/** Names with commas between them. */
export function list(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (names.length === 0) throw new InvalidArgumentError('It names nothing.');
  return names;
}

export function logLevel(text: string): LogLevel {
  const level = parseLogLevel(text);
  if (level) return level;
  throw new InvalidArgumentError('It is one of debug, info, warning, error, critical.');
}

/** One of the words behind a command. */
export function required(words: readonly string[], index: number, what: string): string {
  const word = words[index];
  if (word === undefined) throw new InvalidArgumentError(`Missing ${what}.`);
  return word;
}

/** All of the words behind a command: one at least. */
export function several(words: readonly string[], what: string): readonly string[] {
  required(words, 0, what);
  return words;
}
