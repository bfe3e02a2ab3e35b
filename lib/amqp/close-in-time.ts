const LIMIT_MS = 1_000;

/**
 * Waits for a channel or connection to close, for a second at most. A broker that does not answer, or that closes the
 * connection at the same moment, leaves amqplib's promise open for ever. Never rejects: gone is gone.
 */
export async function closeInTime(what: { close(): Promise<unknown> }): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LIMIT_MS);
  });
  const closed = (async () => what.close())().catch(() => {});
  await Promise.race([closed, limit]);
  clearTimeout(timer);
}
