const MAX_CAUSES = 10;
const MAX_LENGTH = 100_000;

/** The stack of an error and of its causes, for the stored result and the log. At most 100,000 characters. */
export function tracebackOf(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  while (current instanceof Error && parts.length < MAX_CAUSES) {
    parts.push(current.stack ?? `${current.name}: ${current.message}`);
    current = current.cause;
  }
  const text = parts.length === 0 ? String(error) : parts.join('\n\nCaused by:\n');
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}...` : text;
}
