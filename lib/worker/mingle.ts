import { toError } from '../contract/errors.ts';
import { Mailbox } from '../control/mailbox.ts';
import type { Serializer } from '../protocol/serializer.ts';
import type { Transport } from '../transport/transport.ts';
import { type LamportClock, nowSeconds } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Revocations } from './revocations.ts';
import type { LimitedSet } from './revoked.ts';

export interface MingleOptions {
  readonly transport: Transport;
  readonly hostname: string;
  readonly clock: LamportClock;
  readonly serializer: Serializer;
  readonly revoked: LimitedSet;
  readonly revocations: Revocations;
  readonly logger: Logger;
}

/** Python's workers wait as long. A broker that tells how many listen makes it as short as their answers. */
const TIMEOUT_MS = 1000;

/**
 * A worker that starts asks the others what is revoked and what time it is (celery/worker/consumer/mingle.py). What
 * goes wrong is a WARNING: the worker works without its neighbors too.
 */
export async function mingle(options: MingleOptions): Promise<void> {
  const { transport, hostname, clock, serializer, revoked, revocations, logger } = options;
  logger.info('mingle: searching for neighbors');
  const mailbox = new Mailbox({ transport, clock, serializer });
  try {
    const replies = await mailbox.broadcast('hello', {
      arguments: { from_node: hostname, revoked: writeRevoked(revoked) },
      timeoutMs: TIMEOUT_MS,
    });
    const nodes = replies
      .flatMap((reply) => Object.entries(reply))
      .filter(([, answer]) => isGreeting(answer));
    if (nodes.length === 0) {
      logger.info('mingle: all alone');
      return;
    }
    logger.info(`mingle: sync with ${nodes.length} nodes`);
    for (const [, answer] of nodes) {
      if (!isGreeting(answer)) continue;
      if (typeof answer.clock === 'number') clock.adjust(answer.clock);
      revocations.learn(readRevoked(answer.revoked));
    }
    logger.info('mingle: sync complete');
  } catch (error) {
    logger.warning(`mingle: ${toError(error).message}`);
  } finally {
    await mailbox.close().catch(() => {
      // The reply queue expires by itself.
    });
  }
}

/** A worker answers itself with null; one that cannot answer sends `{error}`. */
function isGreeting(answer: unknown): answer is { clock?: unknown; revoked?: unknown } {
  return answer !== null && typeof answer === 'object' && !('error' in answer);
}

/** Revoked ids as workers tell each other: `{id: [timestamp, id]}`. */
export function writeRevoked(revoked: LimitedSet): Record<string, [number, string]> {
  return Object.fromEntries(revoked.entries().map(([id, at]) => [id, [pythonFloat(at), id]]));
}

/** Python's timestamps are of its machine's uptime (`time.monotonic`), which tells us nothing: then it counts from now. */
const FIRST_WALL_TIME = 1e9;

/** Reads what another worker has revoked; a bare timestamp in place of the pair is understood too. */
export function readRevoked(value: unknown): [string, number][] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([id, entry]) => {
    const at: unknown = Array.isArray(entry) ? entry[0] : entry;
    if (typeof at !== 'number') return [];
    return [[id, at < FIRST_WALL_TIME ? nowSeconds() : at]];
  });
}

/** Python refuses a timestamp without a fraction (celery/utils/collections.py `LimitedSet.update`). */
function pythonFloat(seconds: number): number {
  return Number.isInteger(seconds) ? seconds + 0.001 : seconds;
}
