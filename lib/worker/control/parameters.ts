import type { Arguments } from './command.ts';

/** What the function of a command takes (celery/worker/control.py). */
interface Parameters {
  readonly required?: readonly string[];
  /** Every name there is: any other is refused. Without it others are ignored, as with `**kwargs`. */
  readonly only?: readonly string[];
}

const PARAMETERS: Readonly<Record<string, Parameters>> = {
  active_queues: { only: [] },
  add_consumer: { required: ['queue'] },
  autoscale: { only: ['max', 'min'] },
  cancel_consumer: { required: ['queue'] },
  disable_events: { only: [] },
  election: { required: ['id', 'topic'] },
  enable_events: { only: [] },
  heartbeat: { only: [] },
  hello: { required: ['from_node'] },
  objgraph: { only: ['num', 'max_depth', 'type'] },
  query_task: { required: ['ids'] },
  rate_limit: { required: ['task_name', 'rate_limit'] },
  report: { only: [] },
  revoke: { required: ['task_id'] },
  revoke_by_stamped_headers: { required: ['headers'] },
  terminate: { required: ['signal', 'task_id'] },
};

/** Throws the TypeError of Python's call when a name is missing or unknown, in Python's words. */
export function checkArguments(command: string, args: Arguments): void {
  const { required = [], only } = PARAMETERS[command] ?? {};
  const unknown = only && Object.keys(args).find((name) => !only.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`${command}() got an unexpected keyword argument '${unknown}'`);
  }
  const missing = required.filter((name) => !Object.hasOwn(args, name)).map((name) => `'${name}'`);
  if (missing.length === 0) return;
  const noun = missing.length === 1 ? 'argument' : 'arguments';
  throw new TypeError(
    `${command}() missing ${missing.length} required positional ${noun}: ${missing.join(' and ')}`,
  );
}
