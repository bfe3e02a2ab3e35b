import type { Pidbox } from '../control/pidbox.ts';
import type { EventDispatcher } from '../events/dispatcher.ts';
import type { Admission } from './admission.ts';
import type { Autoscaler } from './autoscaler.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { RequestHost } from './host.ts';
import type { Neighbors } from './neighbors.ts';
import type { Patience } from './patience.ts';
import type { Pool } from './pool/pool.ts';
import type { HeapTimer } from './timer/heap-timer.ts';

/** The running parts of a worker, for taking it down. */
export interface Parts {
  readonly host: RequestHost;
  readonly dispatcher: Dispatcher;
  readonly pool: Pool;
  readonly autoscaler: Autoscaler | null;
  readonly heartbeat: Heartbeat;
  readonly pidbox: Pidbox;
  readonly neighbors: Neighbors;
  readonly events: EventDispatcher;
  readonly admission: Admission;
  readonly limitTimer: HeapTimer;
  readonly patience: Patience;
}

/**
 * Takes nothing more and gives back what has not started: waiting, rate-limited and ETA tasks go to the front of their
 * queues, so that another worker has them at once, in the order in which they came.
 */
export async function stopTaking({
  host,
  dispatcher,
  autoscaler,
  admission,
  patience,
}: Parts): Promise<void> {
  await autoscaler?.stop();
  await patience.for(host.consumer.pause());
  const waiting = [...dispatcher.close(), ...(admission.duplicates?.drain() ?? [])];
  for (const task of waiting) task.release();
  const count = waiting.length + admission.schedule.close();
  await patience.for(host.consumer.flush());
  if (count > 0) host.logger.info(`Restoring ${count} unacknowledged message(s)`);
}

/** Ends what runs: late-ack tasks go back to their queues, others are failed. */
export async function cutOffRunning({ host, pool, patience }: Parts): Promise<void> {
  await pool.abandonAll();
  await patience.for(host.ledger.idle());
}

const LOOK_EVERY_MS = 100;

/** Waits for running tasks for as long as they take, but not for ever until a store that is away has their results. */
export async function runningEnded({ host, pool, patience }: Parts): Promise<void> {
  let isSettled = false;
  const settled = host.ledger.idle().then(() => {
    isSettled = true;
  });
  while (!isSettled && pool.active > 0) {
    await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))]);
  }
  await patience.for(settled);
}

/**
 * The broker is away: tasks whose message is acked after the run may be started elsewhere before it is back, so they are
 * ended and their messages go back (celery/worker/consumer/consumer.py `on_close`).
 */
export function cancelLateAcks({ host, pool }: Parts): void {
  for (const task of [...host.ledger.active]) {
    if (!task.profile.acksLate || task.isSettled) continue;
    host.logger.warning(
      `Task ${task.label} cannot be acknowledged after a connection loss since late acknowledgement is enabled for it.\n` +
        'Terminating it instead.',
    );
    pool.cancel(task.request.id);
  }
}

/** Writes what is still to be written, says goodbye and ends every part. */
export async function takeDown(parts: Parts): Promise<void> {
  const { host, pool, heartbeat, pidbox, neighbors, events, limitTimer, patience } = parts;
  await patience.for(host.results.flush());
  await patience.for(host.consumer.flush());
  await heartbeat.stop();
  await patience.for(events.flush());
  await patience.for(pidbox.stop());
  await patience.for(neighbors.stop());
  await pool.stop();
  limitTimer.stop();
  await patience.for(host.consumer.stop());
}
