import { UmbelError } from '../../contract/errors.ts';
import { decodeSignature, decodeSignatures } from '../../protocol/signature.ts';
import { FunctionTask } from '../function-task.ts';
import type { Registry } from '../registry.ts';
import type { Task } from '../task.ts';
import { apply } from './apply.ts';
import { unlockChord } from './chord-unlock.ts';
import { chunksOf } from './maps.ts';
import { chordOf, groupOf } from './parts.ts';

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
    'celery.chain': () => {
      throw new UmbelError('unsupported', 'chain is not a real task');
    },
  };
  for (const [name, body] of Object.entries(bodies)) tasks.register(new FunctionTask(name, body, {}));
  const bound = { bind: true, typing: false };
  // Sent by beat every night at four. Results of Redis end by themselves.
  tasks.register(new FunctionTask('celery.backend_cleanup', cleanUp, { ...bound, ignoreResult: true }));
  tasks.register(new FunctionTask('celery.accumulate', accumulate, bound));
  tasks.register(new FunctionTask('celery.group', sendGroup, bound));
  tasks.register(new FunctionTask('celery.chord', sendChord, bound));
  tasks.register(
    new FunctionTask('celery.chord_unlock', unlockChord, { ...bound, maxRetries: null, ignoreResult: true }),
  );
}

async function cleanUp(self: Task): Promise<null> {
  const backend = await self.app.backend();
  await backend.cleanup?.();
  return null;
}

/** What `replace` puts behind a group: all values, or the one at `index`. */
function accumulate(self: Task): unknown {
  const { args, kwargs } = self.request;
  const { index } = kwargs;
  return typeof index === 'number' ? (args[index] ?? null) : args;
}

/*
 * Nobody sends these as tasks any more, but senders before Celery 4 did (celery/app/builtins.py keeps them as well).
 */

/** `celery.group(tasks, result, group_id, partial_args, add_to_parent=True)` */
async function sendGroup(self: Task): Promise<unknown> {
  const [tasks, _result, groupId, partialArgs, toParent = true] = readArguments(self, [
    'tasks',
    'result',
    'group_id',
    'partial_args',
    'add_to_parent',
  ]);
  const group = groupOf(decodeSignatures(tasks) ?? [], { task_id: groupId });
  const args = Array.isArray(partialArgs) ? partialArgs : [];
  return apply(self.app, group, { args, options: { add_to_parent: toParent } });
}

/** `celery.chord(header, body, partial_args=())` */
async function sendChord(self: Task): Promise<unknown> {
  const [header, body, partialArgs] = readArguments(self, ['header', 'body', 'partial_args']);
  const members = Array.isArray(header) ? decodeSignatures(header) : decodeSignature(header);
  const args = Array.isArray(partialArgs) ? partialArgs : [];
  return apply(self.app, chordOf(members ?? [], decodeSignature(body)), { args });
}

/** Arguments by place, or by their Python name. */
function readArguments({ request: { args, kwargs } }: Task, names: readonly string[]): unknown[] {
  return names.map((name, index) => args[index] ?? kwargs[name]);
}
