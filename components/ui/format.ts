/*
 * Numbers, times and ids as text, the same everywhere. Everything takes what the server may send, including null and
 * numbers that are not finite; what is absent is "none".
 */

/** Which clock a person wants to read. */
export type Zone = 'utc' | 'browser';

/** A figure and its unit, drawn smaller. */
export interface Figure {
  readonly value: string;
  readonly unit: string;
}

export const NONE = 'none';

/** True for a number one can draw. */
export function isFigure(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,184` */
export function formatCount(value: number | null | undefined): string {
  return isFigure(value) ? COUNT.format(value) : NONE;
}

/** `1.2k`, for axes. */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e3) return `${trim(value / 1e3)}k`;
  return trim(value);
}

function trim(value: number): string {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 10 ? 1 : size >= 0.1 ? 2 : 4)));
}

/** Digits that a rate needs: `0.04`, `1.4`, `112`. */
export function formatRate(value: number | null | undefined): string {
  if (!isFigure(value)) return NONE;
  if (value === 0) return '0';
  if (value >= 100) return COUNT.format(value);
  return value.toFixed(value < 0.1 ? 2 : 1);
}

/** `0.52`, `6.6`, `41`: a percentage without its sign. */
export function formatPercent(value: number | null | undefined): string {
  if (!isFigure(value)) return NONE;
  if (value === 0) return '0';
  if (value >= 99.95) return String(Math.round(value));
  return value < 1 ? value.toFixed(2) : value.toFixed(value < 10 ? 1 : 0);
}

/** `740ms 2.31s 42.6s 6m 22s 2d 11h`, from seconds. */
export function durationFigures(seconds: number | null | undefined): readonly Figure[] {
  if (!isFigure(seconds)) return [];
  const size = Math.max(0, seconds);
  if (size < 0.9995) return [{ value: String(Math.round(size * 1_000)), unit: 'ms' }];
  if (size < 9.995) return [{ value: size.toFixed(2), unit: 's' }];
  if (size < 59.95) return [{ value: size.toFixed(1), unit: 's' }];
  const whole = Math.round(size);
  if (whole < 3_600) return pair(Math.floor(whole / 60), 'm', whole % 60, 's');
  if (whole < 86_400) return pair(Math.floor(whole / 3_600), 'h', Math.floor((whole % 3_600) / 60), 'm');
  return pair(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3_600), 'h');
}

function pair(first: number, unit: string, second: number, secondUnit: string): readonly Figure[] {
  return [
    { value: String(first), unit },
    { value: String(second).padStart(2, '0'), unit: secondUnit },
  ];
}

/** The same as plain text: `6m 22s`. */
export function formatDuration(seconds: number | null | undefined): string {
  const figures = durationFigures(seconds);
  return figures.length === 0 ? NONE : figures.map(({ value, unit }) => value + unit).join(' ');
}

/** Whole seconds below a minute: `24s`, then as a duration. */
export function formatRough(seconds: number): string {
  return seconds < 59.5 ? `${Math.max(0, Math.round(seconds))}s` : formatDuration(seconds);
}

/** `412M`, `1.4G`, from bytes. */
export function bytesFigure(bytes: number | null | undefined): Figure | null {
  if (!isFigure(bytes)) return null;
  if (bytes >= 2 ** 30) return { value: (bytes / 2 ** 30).toFixed(1), unit: 'G' };
  if (bytes >= 2 ** 20) return { value: String(Math.round(bytes / 2 ** 20)), unit: 'M' };
  return { value: String(Math.round(bytes / 2 ** 10)), unit: 'K' };
}

function options(zone: Zone): { timeZone?: string } {
  return zone === 'utc' ? { timeZone: 'UTC' } : {};
}

const pad = (value: number): string => String(value).padStart(2, '0');

function parts(seconds: number, zone: Zone): { date: string; clock: string; millis: string } {
  const at = new Date(seconds * 1_000);
  const millis = String(at.getUTCMilliseconds()).padStart(3, '0');
  if (zone === 'utc') {
    const text = at.toISOString();
    return { date: text.slice(0, 10), clock: text.slice(11, 19), millis };
  }
  return {
    date: `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`,
    clock: `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`,
    millis,
  };
}

const isTime = (seconds: number | null | undefined): seconds is number =>
  isFigure(seconds) && Math.abs(seconds) < 8.64e12;

/** `12:04:25`, or `12:04:25.871`. */
export function formatClock(seconds: number | null | undefined, zone: Zone, hasMillis = false): string {
  if (!isTime(seconds)) return NONE;
  const { clock, millis } = parts(seconds, zone);
  return hasMillis ? `${clock}.${millis}` : clock;
}

/** `12:04`, for an axis of `span` seconds: with seconds below ten minutes, with the day above a day. */
export function formatTick(seconds: number, zone: Zone, span = 3_600): string {
  if (!isTime(seconds)) return '';
  const { clock, date } = parts(seconds, zone);
  if (span < 600) return clock;
  return span > 86_400 ? `${date.slice(5)} ${clock.slice(0, 5)}` : clock.slice(0, 5);
}

/** `2026-11-21 12:04:09.318 UTC`, for tooltips. */
export function formatExact(seconds: number | null | undefined, zone: Zone): string {
  if (!isTime(seconds)) return NONE;
  const { date, clock, millis } = parts(seconds, zone);
  return `${date} ${clock}.${millis} ${zoneName(seconds, zone)}`;
}

function zoneName(seconds: number, zone: Zone): string {
  if (zone === 'utc') return 'UTC';
  const format = new Intl.DateTimeFormat('en-US', { ...options(zone), timeZoneName: 'short' });
  const name = format.formatToParts(new Date(seconds * 1_000)).find((part) => part.type === 'timeZoneName');
  return name?.value ?? 'local';
}

/** `7s` to 59 s, then `1m 08s` to an hour, then the clock, then the date. */
export function formatAgo(seconds: number | null | undefined, now: number, zone: Zone): string {
  if (!isTime(seconds)) return NONE;
  const age = Math.max(0, now - seconds);
  if (age < 59.5) return `${Math.round(age)}s`;
  if (age < 3_600) return formatDuration(age);
  const at = parts(seconds, zone);
  return at.date === parts(now, zone).date ? at.clock : at.date;
}

/** The clock today, date and clock before. */
export function formatWhen(seconds: number | null | undefined, now: number, zone: Zone): string {
  if (!isTime(seconds)) return NONE;
  const at = parts(seconds, zone);
  return at.date === parts(now, zone).date ? at.clock : `${at.date.slice(5)} ${at.clock}`;
}

/** Seconds since the epoch of an ISO text such as a task's eta; null when it is none. */
export function parseTime(text: string | null | undefined): number | null {
  if (!text) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at / 1_000;
}
