import { parseFloatStrict } from '../resp/numbers.ts';
import { ReplyError } from '../resp/reply-error.ts';

/** Lua's `tonumber` of an argument that has to be a number. */
export function scriptNumber(text: string | undefined): number {
  return parseFloatStrict((text ?? '').trim(), () => new ReplyError('ERR Script argument is not a number'));
}

/** An argument or a key that the script cannot do without. */
export function scriptText(values: readonly string[], index: number): string {
  const value = values[index];
  if (value === undefined) throw new ReplyError('ERR Too few keys or arguments for this script');
  return value;
}

/** The server's time as the scripts write it: seconds, with six decimals. */
export function scriptTime(): number {
  return Number((performance.timeOrigin / 1000 + performance.now() / 1000).toFixed(6));
}

/** kombu's entry of a message in `unacked`, `[message, "", queue]`, in one piece; the name as JSON text. */
export function booking(message: Buffer, name: string): Buffer {
  const size = message.length + name.length + 8;
  const joined = size > 2048 ? Buffer.allocUnsafeSlow(size) : Buffer.allocUnsafe(size);
  joined[0] = 91;
  message.copy(joined, 1);
  joined.write(`, "", ${name}]`, message.length + 1, 'latin1');
  return joined;
}

const CONTROL: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A string as Redis' cjson writes it: bytes beyond ASCII as they are, the slash escaped. */
export function cjsonString(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be escaped
  const escaped = text.replace(/[\x00-\x1f"\\/\x7f]/g, (char) => {
    return CONTROL[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
