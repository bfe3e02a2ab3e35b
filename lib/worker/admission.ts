import type { Celery } from '../app/celery.ts';
import type { Delivery } from '../transport/transport.ts';
import { Deduplication } from './deduplication.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';
import { Schedule } from './schedule.ts';
import { HeapTimer } from './timer/heap-timer.ts';

export interface AdmissionOptions {
  readonly app: Celery;
  readonly host: RequestHost;
  readonly dispatcher: Dispatcher;
  /** Makes a task of a message that was received before. */
  readonly revive: (delivery: Delivery) => TaskHandle | null;
  /** More waits for a slot than before. */
  readonly onAdmitted: () => void;
}

/** The way of a received task to the dispatcher: past its ETA, and past others of its id. */
export interface Admission {
  readonly schedule: Schedule;
  /** null unless `worker_deduplicate_successful_tasks`. */
  readonly duplicates: Deduplication | null;
  /** Takes a task that may run now. Call `pump` of the dispatcher after the last of a batch. */
  readonly admit: (task: TaskHandle) => void;
}

export function makeAdmission({ app, host, dispatcher, revive, onAdmitted }: AdmissionOptions): Admission {
  const { worker_deduplicate_successful_tasks: isSelective, worker_eta_task_limit: limit } = app.conf;
  const push = (task: TaskHandle): void => {
    dispatcher.push(task);
    dispatcher.pump();
  };
  const duplicates = isSelective ? new Deduplication({ host, push }) : null;
  if (duplicates !== null) host.ledger.onEnded = (task) => duplicates.ended(task);
  const admit = (task: TaskHandle): void => {
    if (duplicates === null) dispatcher.push(task);
    else duplicates.admit(task);
  };
  const onTime = (task: TaskHandle): void => {
    admit(task);
    dispatcher.pump();
    onAdmitted();
  };
  const schedule = new Schedule({
    host,
    timer: new HeapTimer(() => host.nowMs()),
    waitingCount: () => dispatcher.waitingCount,
    onTime,
    revive,
    limit,
  });
  return { schedule, duplicates, admit };
}
