import { StringDecoder } from 'node:string_decoder';

const ORIGINAL: unique symbol = Symbol('umbel.write');

type Write = typeof process.stdout.write;
type Redirected = Write & { readonly [ORIGINAL]?: Write };

/** How a stream writes when nothing is redirected. */
export function originalOf(stream: NodeJS.WriteStream): Write {
  const write: Redirected = stream.write;
  return write[ORIGINAL] ?? write;
}

/**
 * Hands whole lines that are printed to standard output and error to `onLine` in place of writing them
 * (`worker_redirect_stdouts`). Returns how to end it.
 */
export function redirectStdouts(onLine: (line: string) => void): () => void {
  const ends = [process.stdout, process.stderr].map((stream) => redirect(stream, onLine));
  return () => {
    for (const end of ends) end();
  };
}

/** Longest line that is put together: what never ends is shown in parts. */
const MAX_LINE = 64 * 1024;

function redirect(stream: NodeJS.WriteStream, onLine: (line: string) => void): () => void {
  const original = originalOf(stream);
  // Chunks of bytes may end within a character.
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const write = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk)))).split(
      '\n',
    );
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) {
      lines.push(rest);
      rest = '';
    }
    for (const line of lines) if (line !== '') onLine(line);
    const done = more.find((item) => typeof item === 'function');
    if (typeof done === 'function') process.nextTick(() => Reflect.apply(done, undefined, []));
    return true;
  };
  stream.write = Object.assign(write, { [ORIGINAL]: original });
  return () => {
    stream.write = original;
    if (rest !== '') onLine(rest);
    rest = '';
  };
}
