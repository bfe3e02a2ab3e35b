// Tasks of the TypeScript side of the canvas tests, loaded by the built worker.
import { Celery, chain, chord, group } from 'umbel';
import { addSlowTasks } from './slow_ts.mjs';

export const app = new Celery('canvas_ts', {
  broker: process.env.BROKER_URL,
  backend: process.env.RESULT_BACKEND,
  // What ends a replacement by a group names no queue: whichever worker sends it, somebody must take it.
  task_default_queue: 'ts',
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
app.task('ts.explain', async (request, exc, traceback, to) => {
  const told = [to, request.task, request.args, exc.message, typeof traceback];
  await app.sendTask('ts.echo', [told], { queue: 'ts', taskId: `explained-${request.id}` });
});
app.task('ts.greet', (name, greeting) => `${greeting} ${name}`);
app.task('ts.stamps', { bind: true }, (self) => self.request.stamps);

const on = (side, name, ...args) => app.signature(`${side}.${name}`, args, { queue: side });
app.task('ts.hand_over', { bind: true }, (self, x) =>
  self.replace(chain(on('py', 'add', x, 1), on('ts', 'add', 5))),
);
app.task('ts.spread', { bind: true }, (self, x) =>
  self.replace(group(on('py', 'add', x, 1), on('ts', 'add', x, 2))),
);
app.task('ts.join_up', { bind: true }, (self, x) =>
  self.replace(chord([on('py', 'add', x, 1), on('ts', 'add', x, 2)], on('py', 'tsum'))),
);
app.task('ts.pass_on', { bind: true }, (self, x) => self.replace(on('py', 'hand_over', x)));
app.task('ts.break_down', { bind: true }, (self, _x) => self.replace(on('py', 'fail', 'in a replacement')));
app.task('ts.one_more', { bind: true }, async (self, x) => {
  await self.addToChord(on('py', 'add', x, 100));
  return x;
});
