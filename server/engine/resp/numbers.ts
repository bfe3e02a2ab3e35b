import { notFloat, notInteger } from './reply-error.ts';

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;
const FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const MAX_INT64 = 9223372036854775807n;
const MIN_INT64 = -9223372036854775808n;

/** Reads a 64-bit integer the way Redis' string2ll does: no spaces, no plus sign, no leading zeros. */
export function parseInteger(text: string): number {
  if (text.length > 15) return Number(parseBigInteger(text));
  if (!INTEGER.test(text)) throw notInteger();
  return Number(text);
}

/** As {@link parseInteger}, without loss of digits. */
export function parseBigInteger(text: string): bigint {
  if (!INTEGER.test(text)) throw notInteger();
  const value = BigInt(text);
  if (!fitsInt64(value)) throw notInteger();
  return value;
}

export function fitsInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64;
}

/** Reads a double; `inf` and `-inf` count, NaN and spaces do not. */
export function parseFloatStrict(text: string, error: () => Error = notFloat): number {
  if (FLOAT.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite === null) throw error();
  return infinite[1] === '-' ? -Infinity : Infinity;
}

/** A double as Redis prints scores: shortest form with 17 significant digits at most (`%.17g`). */
export function formatDouble(value: number): string {
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (Object.is(value, -0)) return '-0';
  if (Number.isInteger(value) && Math.abs(value) < 1e17) return String(value);
  return general(value, 17);
}

/** C's `%.<digits>g`. */
export function general(value: number, digits: number): string {
  const [mantissa = '0', exponentText = '0'] = value.toExponential(digits - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? '-' : '+';
    return `${trimZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return trimZeros(value.toFixed(Math.min(100, digits - 1 - exponent)));
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
