// An app full of secrets: in its settings, and in what its tasks are given, say, return and fail with.
import { Celery } from 'umbel';

export const app = new Celery('secrets', {
  broker: process.env.CELERY_BROKER_URL,
  backend: process.env.CELERY_RESULT_BACKEND,
  ...JSON.parse(process.env.SETTINGS ?? '{}'),
});

app.task('sec.echo', (...given) => given);
app.task('sec.say', (text) => {
  process.stdout.write(`${text}\n`);
  process.stderr.write(`${text}\n`);
});
app.task('sec.fail', (text) => {
  throw new Error(text);
});
app.task('sec.later', (text) => {
  void Promise.reject(new Error(text));
  return new Promise((resolve) => setTimeout(resolve, 100));
});
app.task('sec.crash', (text) => {
  setTimeout(() => {
    throw Object.assign(new Error(text), { input: text });
  });
  return new Promise(() => {});
});
app.task('sec.sleep', (ms, _options) => new Promise((resolve) => setTimeout(resolve, ms)));
