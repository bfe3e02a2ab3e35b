import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { Celery, Task } from 'umbel';

/* Tasks that pools are tried with. Loaded by the test itself and, compiled by the loader, by pool children. */

export const app = new Celery('pool-tasks', { broker: 'redis://127.0.0.1:1/0' });

app.task('add', (x: number, y: number) => x + y);
app.task('whoami', () => `${process.pid}/${threadId}`);
app.task('boom', (text: string) => {
  throw new TypeError(text);
});
app.task('unsendable', () => new Map([['a', 1]]));
app.task('sleep', (ms: number) => sleep(ms, ms));
app.task('deaf', (ms: number) => sleep(ms, 'never heard'));
app.task('spin', (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return 'spun';
});
app.task('haunt', (ms: number) => {
  setTimeout(() => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  }, 0);
});
app.task('exit', (code: number) => process.exit(code));
app.task('polite', { bind: true }, async (self) => {
  try {
    await sleep(10_000, undefined, { signal: self.request.signal });
    return 'slept';
  } catch {
    return `cleaned up after ${String(self.request.signal.reason?.name)}`;
  }
});
app.task('impolite', { bind: true }, async (self) => {
  await sleep(10_000, undefined, { signal: self.request.signal });
});
app.task('progress', { bind: true }, async (self) => {
  await self.updateState({ state: 'PROGRESS', meta: { current: 1, total: 2 } });
  self.sendEvent('task-progress', { current: 1 });
  return 'done';
});
app.task('throw-later', async () => {
  setTimeout(() => {
    throw new RangeError('thrown later');
  }, 20);
  await sleep(10_000);
});
app.task('hoard', () => {
  const kept = [];
  for (;;) kept.push({ at: kept.length, text: `text ${kept.length}` });
});
app.task('late-rejection', async () => {
  void Promise.reject(new Error('nobody looks'));
  await sleep(20);
  return 'alive';
});

/** Its handler does what its argument says. */
class Handled extends Task<[string], string> {
  readonly name = 'handled';

  run(how: string): string {
    return how;
  }

  override async onSuccess(how: unknown): Promise<void> {
    this.sendEvent('task-handling');
    if (how === 'boom') throw new RangeError('in the handler');
    if (how === 'deaf') await sleep(5000);
    if (how === 'exit') process.exit(3);
    if (how !== 'polite') return;
    await sleep(10_000, undefined, { signal: this.request.signal }).catch(() => {});
    this.sendEvent(`task-${String(this.request.signal.reason?.name)}`);
  }
}
app.tasks.register(new Handled());
