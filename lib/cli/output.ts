import { pythonRepr } from '../protocol/repr.ts';
import { originalOf } from '../util/redirect.ts';

/** Writes a line to standard output, also when what tasks print goes to the log. */
export function say(text: string): void {
  const { stdout } = process;
  Reflect.apply(originalOf(stdout), stdout, [`${text}\n`]);
}

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

/** Status and text of one worker's reply, as Celery's command line prints it (celery/bin/control.py, `pretty`). */
export function pretty(reply: unknown): { status: string; text: string } {
  if (Array.isArray(reply)) {
    const lines = reply.map((item) => `* ${typeof item === 'string' ? item : pythonRepr(item, 10_000)}`);
    return { status: 'OK', text: lines.length > 0 ? lines.join('\n') : '- empty -' };
  }
  if (reply !== null && typeof reply === 'object') {
    if ('ok' in reply) return { status: 'OK', text: pretty(reply.ok).text };
    if ('error' in reply) return { status: 'ERROR', text: pretty(reply.error).text };
    return { status: 'OK', text: JSON.stringify(reply, null, 4) };
  }
  return { status: 'OK', text: typeof reply === 'string' ? reply : pythonRepr(reply) };
}

/** Prints one worker's reply: an arrow line, then the text indented by four. */
export function sayReply(
  node: string,
  reply: unknown,
  { hasArrow, hasText }: { readonly hasArrow: boolean; readonly hasText: boolean },
): void {
  const { status, text } = pretty(reply);
  say(`${hasArrow ? '->  ' : ''}${node}: ${status}`);
  if (hasText) say(indent(text));
}

/** `1 node online.`, `3 nodes online.` */
export function nodesOnline(count: number): string {
  return `\n${count} ${count === 1 ? 'node' : 'nodes'} online.`;
}
