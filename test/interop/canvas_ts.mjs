// Tasks of the TypeScript side of the canvas tests, loaded by the built worker.
import { Celery, chain } from 'umbel';
import { addSlowTasks } from './slow_ts.mjs';

export const app = new Celery('canvas_ts', {
  broker: process.env.BROKER_URL,
  backend: process.env.RESULT_BACKEND,
  ...JSON.parse(process.env.CONF ?? '{}'),
});

addSlowTasks(app);
app.task('ts.add', (x, y) => x + y);
app.task('ts.mul', (x, y) => x * y);
app.task('ts.tsum', (numbers) => numbers.flat().reduce((a, b) => a + b, 0));
app.task('ts.echo', (value) => value);
app.task('ts.fail', (text) => {
  throw new RangeError(text);
});
app.task('ts.flaky', { bind: true }, (self, failures) => {
  const { retries } = self.request;
  if (retries < failures) throw self.retry({ exc: new Error('not yet'), countdown: 0.1 });
  return retries;
});
app.task('ts.told', (id) => `told of ${id}`);
app.task('ts.hand_over', { bind: true }, (self, x) =>
  self.replace(
    chain(app.signature('py.add', [x, 1], { queue: 'py' }), app.signature('ts.add', [5], { queue: 'ts' })),
  ),
);
app.task('ts.one_more', { bind: true }, async (self, x) => {
  await self.addToChord(app.signature('py.add', [x, 100], { queue: 'py' }));
  return x;
});
