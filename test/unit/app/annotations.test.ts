import { describe, expect, it } from 'vitest';
import { type Annotations, Celery, Task } from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';

class Charge extends Task<[number], string> {
  readonly name = 'shop.charge';
  run(euros: number): string {
    return `charged ${euros}`;
  }
}

function appWith(task_annotations: Annotations): { app: Celery; charge: Task<[number], string> } {
  const app = new Celery('a', { task_annotations }, silentLogger);
  return { app, charge: app.tasks.register(new Charge()) };
}

/** The options of a task, which is a function too. */
function optionsOf(task: Task<[number], string>): Record<string, unknown> {
  const { rateLimit, softTimeLimit, maxRetries, priority, queue, timeLimit, trackStarted } = task;
  return { rateLimit, softTimeLimit, maxRetries, priority, queue, timeLimit, trackStarted };
}

describe('task_annotations', () => {
  it('take options under the names of Celery and under ours', () => {
    const { charge } = appWith({ 'shop.charge': { rate_limit: '5/m', softTimeLimit: 3, max_retries: null } });
    expect(optionsOf(charge)).toMatchObject({ rateLimit: '5/m', softTimeLimit: 3, maxRetries: null });
  });

  it('may be a list, of which the first that has something for the task counts, and `*` wins', () => {
    const { charge } = appWith([
      { 'shop.other': { priority: 1 } },
      { 'shop.charge': { priority: 2, queue: 'a' } },
      { 'shop.charge': { priority: 3 } },
      { '*': { queue: 'b' } },
    ]);
    expect(optionsOf(charge)).toMatchObject({ priority: 2, queue: 'b' });
  });

  it('may be decided by code', () => {
    const { charge } = appWith({
      annotate: (task) => (task.name.startsWith('shop.') ? { timeLimit: 9 } : null),
      annotateAny: () => ({ trackStarted: true }),
    });
    expect(optionsOf(charge)).toMatchObject({ timeLimit: 9, trackStarted: true });
  });

  it('replace handlers, and wrap methods once', async () => {
    const failed: unknown[] = [];
    const annotations: Annotations = {
      '*': {
        on_failure(this: Task, error: Error) {
          failed.push([this.name, error.message]);
        },
        '@run':
          (run: (euros: number) => string) =>
          (euros: number): string => {
            if (euros < 0) throw new Error('too little');
            return `${run(euros)}!`;
          },
      },
    };
    const { app, charge } = appWith(annotations);
    app.configure({ task_annotations: annotations });
    expect(await (await charge.apply([5])).get()).toBe('charged 5!');
    const result = await charge.apply([-1]);
    await expect(result.get()).rejects.toThrow('too little');
    expect(failed).toEqual([['shop.charge', 'too little']]);
  });

  it('hold for tasks that were there before', () => {
    const { app, charge } = appWith(null);
    app.configure({ task_annotations: { '*': { acksLate: true } } });
    expect(charge.acksLate).toBe(true);
  });

  it.each<[Annotations, RegExp]>([
    [{ '*': { rate_limt: '1/s' } }, /has "rate_limt" for celery\.\w+\. Did you mean "rateLimit"\?/],
    [{ '*': { '@rate_limit': () => null } }, /has "@rate_limit" for celery\./],
    [{ '*': { '@run': 5 } }, /"@run" in task_annotations must be a function/],
    [{ '*': { '@run': () => 5 } }, /"@run" in task_annotations must return a function/],
  ])('refuse %j', (annotations, message) => {
    expect(() => appWith(annotations)).toThrow(message);
  });
});
