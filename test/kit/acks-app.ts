import { setTimeout as sleep } from 'node:timers/promises';
import { Celery, Reject } from 'umbel';

/* Tasks that end badly, with late acks, on a queue whose refused messages go to `dead`. */

/** For the sender too: RabbitMQ wants the same arguments from all. */
export const QUEUES = {
  task_default_queue: 'acks',
  task_queues: [
    { name: 'acks', arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' } },
  ],
};

export const app = new Celery('acks', { task_acks_late: true, ...QUEUES });

const fail = (): never => {
  throw new RangeError('as told');
};
app.task('a.fail', fail);
app.task('a.fail.noack', { acksOnFailure: false }, fail);
app.task('a.fail.neither', { acksOnFailureOrTimeout: false }, fail);
app.task('a.fail.own', { acksOnFailureOrTimeout: false, acksOnFailure: true }, fail);
app.task('a.slow', { timeLimit: 0.2 }, () => sleep(60_000));
app.task('a.slow.noack', { timeLimit: 0.2, acksOnTimeout: false }, () => sleep(60_000));
app.task('a.slow.neither', { timeLimit: 0.2, acksOnFailureOrTimeout: false }, () => sleep(60_000));
app.task('a.slow.own', { timeLimit: 0.2, acksOnFailureOrTimeout: false, acksOnTimeout: true }, () =>
  sleep(60_000),
);
app.task('a.slow.early', { acksLate: false, timeLimit: 0.2, acksOnTimeout: false }, () => sleep(60_000));
app.task('a.lost', () => process.exit(3));
app.task('a.lost.noack', { acksOnFailure: false }, () => process.exit(3));
app.task('a.reject', () => {
  throw new Reject('as told');
});
app.task('a.told', (id: string) => `told of ${id}`);
app.task('a.sum', (numbers: number[]) => numbers.length);
app.task('a.one', () => 1);
// Its first retry cannot be written, its second run finds the message given back.
app.task('a.unwritable', { bind: true }, (self) => {
  if (self.request.deliveryInfo.redelivered === true) return 'run again';
  return self.retry({ args: [() => 1], countdown: 0 });
});
app.task('a.unwritable.early', { bind: true, acksLate: false }, (self) =>
  self.retry({ args: [() => 1], countdown: 0 }),
);
app.on('task_failure', ({ taskId }) => process.stderr.write(`task_failure of ${taskId}\n`));
