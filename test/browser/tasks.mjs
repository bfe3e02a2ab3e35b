// Tasks for the browser tests, run by a real worker.
import { setTimeout as sleep } from 'node:timers/promises';
import { Celery } from 'umbel';

export const app = new Celery('browser');

app.task('web.add', (x, y) => x + y);
app.task('web.echo', (value) => value);
app.task('web.fail', (text) => {
  throw new TypeError(text);
});
app.task('web.sleep', async (seconds) => {
  await sleep(seconds * 1000);
  return 'slept';
});
app.task('web.steps', { bind: true }, async (self, total, pauseMs) => {
  for (let current = 1; current <= total; current++) {
    await self.updateState({ state: 'PROGRESS', meta: { current, total, step: `step ${current}` } });
    await sleep(pauseMs);
  }
  return 'all steps done';
});
