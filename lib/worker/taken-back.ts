import type { Admission } from './admission.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { RequestHost } from './host.ts';

/**
 * The broker has all unsettled messages back, as RabbitMQ does when a connection is lost (semantics of
 * celery/worker/consumer/consumer.py `on_connection_error_after_connected`): what has not started here is forgotten,
 * because it comes again, to this worker or to another. What runs goes on.
 */
export function forgetUnstarted(
  host: RequestHost,
  dispatcher: Dispatcher,
  { schedule, duplicates }: Admission,
): void {
  const unstarted = [...dispatcher.drain(), ...(duplicates?.drain() ?? [])];
  for (const task of unstarted) task.drop();
  const count = unstarted.length + schedule.forget();
  if (count > 0) host.logger.warning(`${count} message(s) that had not started are back in their queues.`);
}
