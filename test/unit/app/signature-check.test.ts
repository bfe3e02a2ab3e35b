import { describe, expect, it } from 'vitest';
import { FunctionTask } from '../../../lib/app/function-task.ts';
import { argumentsFor, wrongCall } from '../../../lib/app/signature-check.ts';
import { Task } from '../../../lib/app/task.ts';
import type { TaskOptions } from '../../../lib/app/task-options.ts';

// Kept as source: the transpiler of the tests would tidy it.
const task = (source: string, options: TaskOptions = {}): Task =>
  new FunctionTask('m.f', new Function(`return (${source})`)(), options);

describe('calls that a function cannot take', () => {
  it.each<[string, unknown[], Record<string, unknown>, string | null]>([
    ['(x, y) => 1', [1, 2], {}, null],
    ['(x, y) => 1', [1], {}, "f() missing 1 required positional argument: 'y'"],
    ['(x, y) => 1', [], {}, "f() missing 2 required positional arguments: 'x' and 'y'"],
    ['(x, y, z) => 1', [], {}, "f() missing 3 required positional arguments: 'x', 'y', and 'z'"],
    ['(x, y) => 1', [1, 2, 3], {}, 'f() takes 2 positional arguments but 3 were given'],
    ['() => 1', [1], {}, 'f() takes 0 positional arguments but 1 was given'],
    ['(x, y = 2) => 1', [1], {}, null],
    ['(x, y = 2) => 1', [1, 2, 3], {}, 'f() takes from 1 to 2 positional arguments but 3 were given'],
    ['(x, ...rest) => 1', [1, 2, 3, 4], {}, null],
    ['(x, ...rest) => 1', [], {}, "f() missing 1 required positional argument: 'x'"],
    ['(x, y) => 1', [1], { y: 2 }, null],
    ['(x, y) => 1', [], { y: 2 }, "f() missing 1 required positional argument: 'x'"],
    ['(x, { a }) => 1', [1], { a: 2 }, null],
    ['function () { return arguments.length }', [1, 2], {}, null],
    ['(x) => "arguments" /* arguments */', [], {}, "f() missing 1 required positional argument: 'x'"],
    ['function (x) { return x.arguments }', [1, 2], {}, 'f() takes 1 positional argument but 2 were given'],
    ['(x, re = /[(,"]/) => 1', [], {}, "f() missing 1 required positional argument: 'x'"],
    ['({ a, b }) => 1', [], { a: 1, b: 2 }, null],
    ['((x) => 1).bind(null)', [], {}, null],
  ])('%s %j %j', (source, args, kwargs, expected) => {
    expect(wrongCall(task(source), args, kwargs)?.message ?? null).toBe(expected);
    const run = (): unknown => argumentsFor(task(source), args, kwargs);
    if (expected === null) expect(run).not.toThrow();
    else expect(run).toThrow(new TypeError(expected));
  });

  it('does not count the task itself, reads run of classes, and can be turned off', () => {
    expect(wrongCall(task('(self, x) => 1', { bind: true }), [1], {})).toBeNull();
    expect(wrongCall(task('(self, x) => 1', { bind: true }), [], {})?.message).toContain("argument: 'x'");
    expect(wrongCall(task('(x) => 1', { typing: false }), [], {})).toBeNull();
    expect(argumentsFor(task('(x) => 1', { typing: false }), [1, 2], {})).toEqual([1, 2]);
    class Add extends Task {
      override name = 'm.add';
      override run(x: number, y = 2): number {
        return x + y;
      }
    }
    expect(wrongCall(new Add(), [], {})?.message).toBe("add() missing 1 required positional argument: 'x'");
  });
});
