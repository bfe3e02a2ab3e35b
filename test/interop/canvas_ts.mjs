// Tasks of the TypeScript side of the canvas tests, loaded by the built worker.
import { Celery } from 'umbel';

export const app = new Celery('canvas_ts', {
  broker: process.env.BROKER_URL,
  backend: process.env.RESULT_BACKEND,
});

app.task('ts.add', (x, y) => x + y);
app.task('ts.mul', (x, y) => x * y);
app.task('ts.tsum', (numbers) => numbers.flat().reduce((a, b) => a + b, 0));
app.task('ts.echo', (value) => value);
app.task('ts.fail', (text) => {
  throw new RangeError(text);
});
app.task('ts.told', (id) => `told of ${id}`);
