import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';

/**
 * A worker that was frozen for longer than its lease comes back with a result that is not its own any more: another
 * worker has the message, and its result is the one that counts.
 */
export function whenOwned(
  request: TaskHandle,
  host: RequestHost,
  state: string,
  conclude: () => void,
  isStale: () => void = () => {},
): void {
  const isOwned = request.isOwned();
  if (isOwned === true) {
    conclude();
    return;
  }
  void Promise.resolve(isOwned).then((isStillOwned) => {
    if (isStillOwned) {
      conclude();
      return;
    }
    request.drop();
    isStale();
    host.logger.warning(
      `Task ${request.label} ended (${state}) after its lease had, and another worker has it: ` +
        'this result is stale and is not stored.',
    );
  });
}
