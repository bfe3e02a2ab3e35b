import { type AsyncResult, Celery, type RegisteredTask, Task } from 'umbel';
import { expectTypeOf } from 'vitest';

const app = new Celery('tasks', { broker: 'redis://localhost:6379/0', task_track_started: true });

// @ts-expect-error no such setting
new Celery('tasks', { task_trak_started: true });

const addNumbers = app.task('tasks.add_numbers', (x: number, y: number) => x + y);
expectTypeOf(addNumbers.delay).parameters.toEqualTypeOf<[number, number]>();
expectTypeOf(addNumbers.delay(1, 2)).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(addNumbers.AsyncResult('id')).toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(addNumbers.applyAsync([1, 2], { countdown: 3 })).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(addNumbers.apply([1, 2])).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(addNumbers(1, 2)).toEqualTypeOf<number>();
expectTypeOf(addNumbers.name).toEqualTypeOf<string>();
expectTypeOf(addNumbers.maxRetries).toEqualTypeOf<number | null>();
// @ts-expect-error a text is no number
void addNumbers.delay('10', 5);
// @ts-expect-error an argument is missing
void addNumbers.delay(10);
// @ts-expect-error no such option
void addNumbers.applyAsync([1, 2], { countDown: 1 });

const fetchUrl = app.task('tasks.fetch', async (url: string, tries = 3) => ({ url, tries }));
expectTypeOf(fetchUrl.delay('x')).resolves.toEqualTypeOf<AsyncResult<{ url: string; tries: number }>>();
expectTypeOf(fetchUrl('x', 1)).resolves.toEqualTypeOf<{ url: string; tries: number }>();

const bound = app.task(
  'tasks.bound',
  { bind: true, maxRetries: 5, autoretryFor: [TypeError], retryBackoff: true },
  async (self, x: number) => {
    expectTypeOf(self).toExtend<Task>();
    expectTypeOf(self.request.retries).toEqualTypeOf<number>();
    await self.updateState({ state: 'PROGRESS', meta: { current: 1 } });
    if (x < 0) return self.retry({ countdown: 1 });
    return String(x);
  },
);
expectTypeOf(bound.delay).parameters.toEqualTypeOf<[number]>();
expectTypeOf(bound.delay(1)).resolves.toEqualTypeOf<AsyncResult<string>>();
// @ts-expect-error self is not an argument of the call
void bound.delay(bound, 1);

const withThis = app.task('tasks.this', async function (x: number) {
  await this.updateState({ state: 'PROGRESS' });
  return this.request.id.length + x;
});
expectTypeOf(withThis.delay(1)).resolves.toEqualTypeOf<AsyncResult<number>>();

const withOptions = app.task('tasks.options', { acksLate: true }, (text: string) => text.length);
expectTypeOf(withOptions.delay('x')).resolves.toEqualTypeOf<AsyncResult<number>>();
// @ts-expect-error no such option
app.task('tasks.wrong', { maxRetry: 5 }, (text: string) => text.length);

class GenerateReport extends Task {
  readonly name = 'generate_report_task';
  override bind = true;

  async run(reportId: number): Promise<string> {
    await this.updateState({ state: 'PROGRESS', meta: { reportId, current: 40, total: 100 } });
    return `Report ${reportId} generated`;
  }
}
const report = app.tasks.register(new GenerateReport());
expectTypeOf(report).toEqualTypeOf<RegisteredTask<GenerateReport>>();
expectTypeOf(report.delay).parameters.toEqualTypeOf<[number]>();
expectTypeOf(report.delay(1)).resolves.toEqualTypeOf<AsyncResult<string>>();
expectTypeOf(report(1)).resolves.toEqualTypeOf<string>();
expectTypeOf(report.run(1)).resolves.toEqualTypeOf<string>();
// @ts-expect-error a text is no number
void report.delay('1');

expectTypeOf(app.sendTask('tasks.elsewhere', [1, 'x'])).resolves.toEqualTypeOf<AsyncResult<unknown>>();
expectTypeOf(app.sendTask<number>('tasks.elsewhere')).resolves.toEqualTypeOf<AsyncResult<number>>();

const result = app.AsyncResult<number>('x');
expectTypeOf(result.get({ timeout: 10 })).resolves.toEqualTypeOf<number>();
expectTypeOf(result.get({ propagate: false })).resolves.toEqualTypeOf<number | Error>();
expectTypeOf(result.status()).resolves.toEqualTypeOf<string>();

const signals = new Celery('signals');
expectTypeOf(
  signals.on('task_success', ({ result }) => expectTypeOf(result).toEqualTypeOf<unknown>()),
).toEqualTypeOf<() => void>();
signals.on('task_postrun', ({ state, taskId }) => expectTypeOf([state, taskId]).toEqualTypeOf<string[]>());
// @ts-expect-error There is no such signal.
signals.on('task_done', () => {});
