import { setTimeout as sleep } from 'node:timers/promises';
import { Celery, Reject } from 'umbel';

/* The app of the worker tests. Its broker comes from the environment, as a user's would. */

export const app = new Celery('worker-tests', { broker_transport_options: { lease: 2 } });

export const add = app.task('w.add', (x: number, y: number) => x + y);
export const nap = app.task('w.nap', async (ms: number) => {
  await sleep(ms);
  return ms;
});
export const lateNap = app.task('w.late_nap', { acksLate: true }, async (ms: number, n: number) => {
  await sleep(ms);
  return n;
});
export const boom = app.task('w.boom', () => {
  throw new TypeError('boom');
});
export const again = app.task('w.again', { bind: true }, (self, delay: number) => {
  if (self.request.retries < 2) self.retry({ countdown: delay, exc: new Error('not yet') });
  return self.request.retries;
});
export const tracked = app.task('w.tracked', { trackStarted: true }, (ms: number) => sleep(ms, 'tracked'));
export const refuse = app.task('w.refuse', { acksLate: true }, () => {
  throw new Reject('no', false);
});
export const crash = app.task('w.crash', { acksLate: true, rejectOnWorkerLost: true }, () => process.exit(7));
export const exit = app.task('w.exit', () => process.exit(3));
export const spin = app.task('w.spin', { timeLimit: 1 }, (ms: number) => {
  const end = Date.now() + ms;
  while (Date.now() < end);
});
export const report = app.task('w.report', { bind: true }, async (self) => {
  await self.updateState({ state: 'PROGRESS', meta: { current: 1, total: 2, step: 'half' } });
  await sleep(20);
  return 'done';
});
export const limited = app.task(
  'w.limited',
  { rateLimit: '5/s' },
  () => performance.timeOrigin + performance.now(),
);
