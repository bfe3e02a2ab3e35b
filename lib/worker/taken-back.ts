import type { Dispatcher } from './dispatcher.ts';
import type { RequestHost } from './host.ts';
import type { HeapTimer } from './timer/heap-timer.ts';

/**
 * The broker has all unsettled messages back, as RabbitMQ does when a connection is lost (semantics of
 * celery/worker/consumer/consumer.py `on_connection_error_after_connected`): what has not started here is forgotten,
 * because it comes again, to this worker or to another. What runs goes on.
 */
export function forgetUnstarted(host: RequestHost, dispatcher: Dispatcher, etaTimer: HeapTimer): void {
  const { scheduled } = host.ledger;
  const unstarted = [...dispatcher.drain(), ...scheduled.keys()];
  for (const entry of scheduled.values()) etaTimer.cancel(entry);
  scheduled.clear();
  for (const task of unstarted) task.drop();
  if (unstarted.length > 0) {
    host.logger.warning(`${unstarted.length} message(s) that had not started are back in their queues.`);
  }
}
