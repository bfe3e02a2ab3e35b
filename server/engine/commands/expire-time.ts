import { ReplyError } from '../resp/reply-error.ts';

/** Seconds or milliseconds, from now or since the epoch. */
export type TimeUnit = 'EX' | 'PX' | 'EXAT' | 'PXAT';

/** The absolute time in milliseconds; zero, negative and overflowing values are refused as Redis does. */
export function expireTime(value: number, unit: TimeUnit, name: string): number {
  if (value <= 0) throw invalidExpire(name);
  return absoluteTime(value, unit, name);
}

/** As {@link expireTime}, for commands that take times in the past. */
export function absoluteTime(value: number, unit: TimeUnit, name: string): number {
  const ms = unit === 'EX' || unit === 'EXAT' ? value * 1000 : value;
  const at = unit === 'EX' || unit === 'PX' ? Date.now() + ms : ms;
  if (Math.abs(at) > 9.2e18) throw invalidExpire(name);
  return at;
}

function invalidExpire(name: string): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${name}' command`);
}
