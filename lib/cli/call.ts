import { type Command, InvalidArgumentError } from 'commander';
import type { ApplyOptions } from '../app/apply-options.ts';
import type { Celery } from '../app/celery.ts';
import { toError } from '../contract/errors.ts';
import { type SerializerName, serializerNamed } from '../protocol/serializer.ts';
import { nearestName } from '../util/nearest-name.ts';
import { type GlobalOptions, withApp } from './context.ts';
import { say } from './output.ts';
import { secondsFromNow, wholeNumber } from './parse.ts';

interface CallOptions {
  readonly args: readonly unknown[];
  readonly kwargs: Record<string, unknown>;
  readonly eta?: string;
  readonly countdown?: number;
  readonly expires?: number | string;
  readonly queue?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly priority?: number;
  readonly serializer?: SerializerName;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(`${text} is not JSON.`);
  }
}

function jsonArray(text: string): unknown[] {
  const value = json(text);
  if (!Array.isArray(value)) throw new InvalidArgumentError('It must be a JSON array, such as [1, 2].');
  return value;
}

function jsonObject(text: string): Record<string, unknown> {
  const value = json(text);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InvalidArgumentError('It must be a JSON object, such as {"x": 1}.');
  }
  return { ...value };
}

/** A time without offset stays a text: it is of the app's time zone, as that of `--eta`. */
function expiry(text: string): number | string {
  if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (Number.isNaN(Date.parse(text))) throw new InvalidArgumentError('It must be seconds or an ISO time.');
  return text;
}

function isoTime(text: string): string {
  if (Number.isNaN(Date.parse(text))) throw new InvalidArgumentError('It must be an ISO time.');
  return text;
}

function priority(text: string): number {
  const value = wholeNumber(text);
  if (value >= 0 && value <= 255) return value;
  throw new InvalidArgumentError('A priority is a whole number from 0 to 255.');
}

function serializer(name: string): SerializerName {
  try {
    return serializerNamed(name).name;
  } catch (error) {
    throw new InvalidArgumentError(toError(error).message);
  }
}

/** `umbel call NAME`: sends a task and prints its id. */
export function registerCall(program: Command): void {
  program
    .command('call')
    .description('Send a task by name and print its id.')
    .argument('<name>', 'name of the task, such as tasks.add')
    .option('-a, --args <json>', 'positional arguments as a JSON array', jsonArray, [])
    .option('-k, --kwargs <json>', 'keyword arguments as a JSON object', jsonObject, {})
    .option('--eta <time>', 'ISO time before which it must not start', isoTime)
    .option('--countdown <seconds>', 'seconds to wait before it starts', secondsFromNow)
    .option('--expires <time>', 'seconds or ISO time after which it must not start', expiry)
    .option('--queue <name>', 'queue to send it to')
    .option('--exchange <name>', 'exchange to send it to')
    .option('--routing-key <key>', 'routing key')
    .option('--priority <n>', 'priority, 0 to 255', priority)
    .option('--serializer <name>', 'json, msgpack or yaml; default: that of the task', serializer)
    .option('-j, --json', 'print {"task_id": …}')
    .addHelpText(
      'after',
      `\nExamples:\n  umbel -A tasks call tasks.add_numbers --args '[10, 5]'\n` +
        `  umbel -A tasks result "$(umbel -A tasks call tasks.add_numbers -a '[10, 5]')"`,
    )
    .action(async (name: string, { args, json: asJson, ...options }: CallOptions & { json?: boolean }) => {
      const globals = program.opts<GlobalOptions>();
      await withApp(globals, async (app) => {
        const given: ApplyOptions = options;
        const { id } = await app.sendTask(name, args, given);
        say(asJson ? JSON.stringify({ task_id: id }) : id);
        if (!globals.quiet) noteSlip(app, name);
      });
    });
}

/**
 * One letter off a name of the app's is most likely a slip, and nobody would run it; any other may be a task of other
 * workers. An app with tasks in further modules is not judged: they are not loaded here.
 */
function noteSlip({ tasks, conf }: Celery, name: string): void {
  if (tasks.has(name) || conf.imports.length + conf.include.length > 0) return;
  const nearest = nearestName(name, tasks.names(), 1);
  if (nearest === undefined) return;
  process.stderr.write(`Note: The app has no task "${name}". Did you mean "${nearest}"?\n`);
}
