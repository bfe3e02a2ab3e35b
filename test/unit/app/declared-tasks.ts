import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Celery, Ignore, Reject } from '../../../lib/index.ts';

export class QuotaError extends Error {}

/** Tasks of every kind, declared in an app. */
export function declareTasks(target: Celery) {
  return {
    add: target.task('tasks.add', (x: number, y: number) => x + y),
    greet: target.task(
      'tasks.greet',
      (name: string, { greeting = 'Hello' }: { greeting?: string } = {}) => `${greeting} ${name}`,
    ),
    fail: target.task('tasks.fail', { throws: [QuotaError] }, (text: string) => {
      throw new QuotaError(text);
    }),
    unsendable: target.task('tasks.unsendable', () => new Map([[1, 2]])),
    retryTwice: target.task(
      'tasks.retry_twice',
      { bind: true, maxRetries: 2 },
      async (self, until: number) => {
        await sleep(1);
        if (self.request.retries < until) self.retry({ exc: new Error('not yet'), countdown: 0 });
        return self.request.retries;
      },
    ),
    auto: target.task(
      'tasks.auto',
      { bind: true, maxRetries: 3, autoretryFor: [TypeError], retryKwargs: { countdown: 0 } },
      (self, failures: number) => {
        if (self.request.retries < failures) throw new TypeError(`attempt ${self.request.retries}`);
        return { retries: self.request.retries, headers: self.request.headers };
      },
    ),
    ignore: target.task('tasks.ignore', () => {
      throw new Ignore('not now');
    }),
    reject: target.task('tasks.reject', () => {
      throw new Reject('no', false);
    }),
    request: target.task('tasks.request', { bind: true }, ({ request }) => {
      const { argsrepr, kwargsrepr, properties, utc, replyTo } = request;
      return { argsrepr, kwargsrepr, properties, utc, replyTo };
    }),
    parent: target.task('tasks.parent', { bind: true }, async (self) => {
      const child = await target.sendTask<number>('tasks.add', [1, 2]);
      await expect(child.get()).rejects.toThrow(/Never call result.get\(\) within a task/);
      return { id: self.request.id, child: child.id };
    }),
    sum: target.task('tasks.sum', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)),
  };
}

/** The JSON of a signature. */
export const sig = (task: string, args: unknown[] = [], options = {}, rest = {}) => ({
  task,
  args,
  kwargs: {},
  options,
  subtask_type: null,
  immutable: false,
  ...rest,
});
