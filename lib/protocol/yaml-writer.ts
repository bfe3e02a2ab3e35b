import { isoformat } from './json-types.ts';

/** PyYAML refuses a longer key without its mark. */
const LONGEST_PLAIN_KEY = 1000;

/**
 * Writes plain data as one YAML 1.1 flow document that PyYAML's `safe_load` and YAML 1.2 readers understand alike:
 * texts quoted and escaped to ASCII, floats with a point, dates as timestamps, bytes as `!!binary`.
 */
export function writeYaml(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      return numberText(value);
    case 'object':
      return value === null ? 'null' : writeObject(value);
    default:
      // boolean and bigint
      return String(value);
  }
}

function writeObject(value: object): string {
  if (value instanceof Date) return isoformat(value);
  if (value instanceof Uint8Array) return `!!binary "${Buffer.from(value).toString('base64')}"`;
  if (Array.isArray(value)) return `[${value.map((item: unknown) => writeYaml(item)).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${keyText(key)}: ${writeYaml(item)}`)
    .join(', ')}}`;
}

function keyText(key: string): string {
  const text = quoted(key);
  return text.length > LONGEST_PLAIN_KEY ? `? ${text} ` : text;
}

/** JSON's escapes are YAML's too, but for characters beyond 16 bits, which YAML does not take in halves. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xff_ff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** PyYAML takes `1e+21` for a text: a float needs its point. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const text = Object.is(value, -0) ? '-0.0' : String(value);
  return /^-?\d+e/.test(text) ? text.replace('e', '.0e') : text;
}
