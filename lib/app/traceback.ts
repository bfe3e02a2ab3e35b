import { errorName } from '../protocol/exception.ts';

const MAX_CAUSES = 10;
const MAX_LENGTH = 100_000;

/** The stack of an error and of its causes, for the stored result and the log. At most 100,000 characters. */
export function tracebackOf(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  while (current instanceof Error && parts.length < MAX_CAUSES) {
    parts.push(stackOf(current));
    current = current.cause;
  }
  const text = parts.length === 0 ? String(error) : parts.join('\n\nCaused by:\n');
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}...` : text;
}

/** Node heads a stack with `name`, which classes of users rarely set: their class says more. */
function stackOf(error: Error): string {
  const { stack, message } = error;
  const head = `${errorName(error)}: ${message}`;
  if (stack === undefined) return head;
  const plain = `${error.name}: ${message}`;
  return stack.startsWith(plain) ? head + stack.slice(plain.length) : stack;
}
