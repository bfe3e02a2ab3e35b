import { setTimeout as sleep } from 'node:timers/promises';
import { Celery, Reject } from 'umbel';

/* The app of the worker tests. Its broker comes from the environment, as a user's would. */

export const app = new Celery('worker-tests', { broker_transport_options: { lease: 2 } });

app.task('w.add', (x: number, y: number) => x + y);
app.task('w.nap', async (ms: number) => {
  await sleep(ms);
  return ms;
});
app.task('w.late_nap', { acksLate: true }, async (ms: number, n: number) => {
  await sleep(ms);
  return n;
});
app.task('w.where', { acksLate: true }, async (ms: number) => {
  await sleep(ms);
  return process.pid;
});
app.task('w.boom', () => {
  throw new TypeError('boom');
});
app.task('w.again', { bind: true }, (self, delay: number) => {
  if (self.request.retries < 2) self.retry({ countdown: delay, exc: new Error('not yet') });
  return self.request.retries;
});
app.task('w.tracked', { trackStarted: true }, (ms: number) => sleep(ms, 'tracked'));
app.task('w.refuse', { acksLate: true }, () => {
  throw new Reject('no', false);
});
app.task('w.crash', { acksLate: true, rejectOnWorkerLost: true }, () => process.exit(7));
app.task('w.exit', () => process.exit(3));
app.task('w.spin', { timeLimit: 1 }, (ms: number) => {
  const end = Date.now() + ms;
  while (Date.now() < end);
});
app.task('w.compute', (ms: number) => {
  const end = Date.now() + ms;
  while (Date.now() < end);
});
app.task('w.report', { bind: true }, async (self) => {
  await self.updateState({ state: 'PROGRESS', meta: { current: 1, total: 2, step: 'half' } });
  await sleep(20);
  return 'done';
});
app.task('w.limited', { rateLimit: '5/s' }, () => performance.timeOrigin + performance.now());
