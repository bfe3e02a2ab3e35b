import type { Pidbox } from '../control/pidbox.ts';
import type { EventDispatcher } from '../events/dispatcher.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { TaskHandle } from './handle.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { RequestHost } from './host.ts';
import type { Pool } from './pool/pool.ts';
import type { HeapTimer } from './timer/heap-timer.ts';

/** The running parts of a worker, for taking it down. */
export interface Parts {
  readonly host: RequestHost;
  readonly dispatcher: Dispatcher;
  readonly pool: Pool;
  readonly heartbeat: Heartbeat;
  readonly pidbox: Pidbox;
  readonly events: EventDispatcher;
  readonly etaTimer: HeapTimer;
  readonly limitTimer: HeapTimer;
}

/** A broker or store that is away must not keep a worker from ending for longer than this. */
const PATIENCE_MS = 10_000;

/**
 * Takes nothing more and gives back what has not started: waiting, rate-limited and ETA tasks go to the front of their
 * queues, so that another worker has them at once. The newest goes first, which leaves the oldest in front.
 */
export async function stopTaking({ host, dispatcher, etaTimer }: Parts): Promise<void> {
  await patiently(host, host.consumer.pause());
  const unstarted: TaskHandle[] = [...dispatcher.close(), ...host.ledger.scheduled.keys()];
  etaTimer.stop();
  host.ledger.scheduled.clear();
  for (const task of unstarted.reverse()) task.release();
  await patiently(host, host.consumer.flush());
  if (unstarted.length > 0) host.logger.info(`Restoring ${unstarted.length} unacknowledged message(s)`);
}

/** Ends what runs: late-ack tasks go back to their queues, others are failed. */
export async function cutOffRunning({ host, pool }: Parts): Promise<void> {
  await pool.abandonAll();
  await host.ledger.idle();
}

/** Writes what is still to be written, says goodbye and ends every part. */
export async function takeDown(parts: Parts): Promise<void> {
  const { host, pool, heartbeat, pidbox, events, limitTimer } = parts;
  await patiently(host, host.results.flush());
  await patiently(host, host.consumer.flush());
  await heartbeat.stop();
  await patiently(host, events.flush());
  await patiently(host, pidbox.stop());
  await pool.stop();
  limitTimer.stop();
  await patiently(host, host.consumer.stop());
}

async function patiently({ logger }: RequestHost, work: Promise<void>): Promise<void> {
  let timeout: NodeJS.Timeout | undefined;
  const patience = new Promise<'late'>((resolve) => {
    timeout = setTimeout(() => resolve('late'), PATIENCE_MS);
  });
  const end = await Promise.race([work, patience]).catch((error: unknown) => {
    logger.warning(`While stopping: ${error instanceof Error ? error.message : String(error)}`);
  });
  clearTimeout(timeout);
  if (end === 'late')
    logger.warning('The broker does not answer; stopping without it. Leases give tasks back.');
}
