// The TypeScript side of the interoperability tests, loaded by the built worker.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Celery } from 'umbel';

export const app = new Celery('tasks_ts', {
  broker: process.env.BROKER_URL,
  backend: process.env.RESULT_BACKEND,
  task_track_started: true,
});

app.task('ts.add', (x, y) => x + y);
app.task('ts.echo', (value) => value);
app.task('ts.greet', (name, greeting) => `${greeting} ${name}`);
app.task('ts.fail', (text) => {
  throw new TypeError(text);
});
app.task('ts.sleep', async (seconds) => {
  await sleep(seconds * 1000);
  return 'slept';
});
app.task('ts.flaky', { bind: true, maxRetries: 3 }, (self, failures) => {
  if (self.request.retries < failures) throw self.retry({ exc: new Error('not yet'), countdown: 0.1 });
  return self.request.retries;
});
app.task('ts.progress', { bind: true }, async (self, steps) => {
  for (let current = 1; current <= steps; current++) {
    await self.updateState({ state: 'PROGRESS', meta: { current, total: steps } });
    await sleep(200);
  }
  return 'done';
});
app.task('ts.append', (path, text) => {
  appendFileSync(path, `${text}\n`);
  return text;
});
