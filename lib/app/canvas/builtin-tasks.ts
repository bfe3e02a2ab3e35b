import { UmbelError } from '../../contract/errors.ts';
import { decodeSignature } from '../../protocol/signature.ts';
import { FunctionTask } from '../function-task.ts';
import type { Registry } from '../registry.ts';
import type { Task } from '../task.ts';
import { chunksOf } from './maps.ts';

/** The tasks that every app has (celery/app/builtins.py), so that they run when Python sends them. */
export function registerBuiltins(tasks: Registry): void {
  const mapped = (signature: unknown): Task => {
    const { task: name } = decodeSignature(signature);
    const task = tasks.get(name);
    if (task) return task;
    throw new UmbelError('not_found', `The task ${name} to map is not registered here.`);
  };
  const oneByOne = async (
    items: readonly unknown[],
    call: (item: unknown) => unknown,
  ): Promise<unknown[]> => {
    const values: unknown[] = [];
    for (const item of items) values.push(await call(item));
    return values;
  };
  const bodies: Record<string, (...args: never[]) => unknown> = {
    'celery.map': (task: unknown, it: readonly unknown[]) => {
      const found = mapped(task);
      return oneByOne(it, (item) => found.call(item));
    },
    'celery.starmap': (task: unknown, it: readonly unknown[]) => {
      const found = mapped(task);
      return oneByOne(it, (item) => found.call(...(Array.isArray(item) ? item : [item])));
    },
    'celery.chunks': (task: unknown, it: readonly unknown[], n: number) => {
      const found = mapped(task);
      return chunksOf(found.app, found.name, it, n).delay();
    },
    // Results of Redis end by themselves; Python's beat sends this every night.
    'celery.backend_cleanup': () => null,
  };
  for (const [name, body] of Object.entries(bodies)) tasks.register(new FunctionTask(name, body, {}));
  tasks.register(new FunctionTask('celery.accumulate', accumulate, { bind: true, typing: false }));
}

/** What `replace` puts behind a group: all values, or the one at `index`. */
function accumulate(self: Task): unknown {
  const { args, kwargs } = self.request;
  const { index } = kwargs;
  return typeof index === 'number' ? (args[index] ?? null) : args;
}
