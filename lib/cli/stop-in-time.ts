import type { Service } from '../util/service.ts';

/** Longer than every deadline of a part; nothing acknowledged is in memory only by then. */
const PATIENCE_MS = 15_000;

/** Stops the dashboard. When something in it hangs, says so and ends the process instead of waiting for ever. */
export async function stopInTime(service: Service): Promise<void> {
  const timer = setTimeout(() => {
    process.stderr.write(
      `Error: Stopping took longer than ${PATIENCE_MS / 1000} s: ended without waiting.\n`,
    );
    process.exit(1);
  }, PATIENCE_MS);
  await service.stop();
  clearTimeout(timer);
}
