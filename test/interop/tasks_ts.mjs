// The TypeScript side of the interoperability tests, loaded by the built worker.
import { appendFileSync } from 'node:fs';
import { Celery } from 'umbel';
import { addSlowTasks } from './slow_ts.mjs';

export const app = new Celery('tasks_ts', {
  broker: process.env.BROKER_URL,
  backend: process.env.RESULT_BACKEND,
  task_track_started: true,
});

addSlowTasks(app);
app.task('ts.add', (x, y) => x + y);
app.task('ts.echo', (value) => value);
app.task('ts.when', () => Date.now() / 1000);
app.task('ts.greet', (name, greeting) => `${greeting} ${name}`);
app.task('ts.fail', (text) => {
  throw new TypeError(text);
});
app.task('ts.flaky', { bind: true, maxRetries: 3 }, (self, failures) => {
  if (self.request.retries < failures) throw self.retry({ exc: new Error('not yet'), countdown: 0.1 });
  return self.request.retries;
});
app.task('ts.append', (path, text) => {
  appendFileSync(path, `${text}\n`);
  return text;
});
