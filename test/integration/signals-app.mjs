// An app that writes each signal it hears into the file of SIGNALS_FILE, loaded by the worker and by its processes.
import { appendFileSync } from 'node:fs';
import { Celery } from 'umbel';

export const app = new Celery('signals', {
  broker: process.env.CELERY_BROKER_URL,
  backend: process.env.CELERY_RESULT_BACKEND,
});

for (const name of [
  'task_received',
  'task_prerun',
  'task_postrun',
  'task_success',
  'task_retry',
  'task_failure',
  'task_internal_error',
  'task_revoked',
  'task_unknown',
  'task_rejected',
  'celeryd_init',
  'celeryd_after_setup',
  'worker_init',
  'worker_ready',
  'worker_shutting_down',
  'worker_shutdown',
  'worker_process_init',
  'worker_process_shutdown',
  'heartbeat_sent',
]) {
  app.on(name, ({ sender, taskId, request, state, how, id }) => {
    const line = { name, sender, pid: process.pid, id: taskId ?? request?.id ?? id, state, how };
    appendFileSync(process.env.SIGNALS_FILE, `${JSON.stringify(line)}\n`);
  });
}

app.task('sig.ok', () => 'fine');
app.task('sig.fail', () => {
  throw new Error('no');
});
app.task('sig.retry', { bind: true, maxRetries: 1 }, (self) => {
  if (self.request.retries === 0) throw self.retry({ countdown: 0.5 });
  return 'second';
});
app.task('sig.die', () => process.kill(process.pid, 'SIGKILL'));

const broken = app.task('sig.broken', () => 1);
broken.onSuccess = () => {
  throw new Error('the handler fails');
};
app.tasks.get('sig.broken').onSuccess = broken.onSuccess;
