import { isDeepStrictEqual } from 'node:util';
import type { Celery } from '../../app/celery.ts';
import { defaultConfig } from '../../app/config.ts';
import type { Task } from '../../app/task.ts';
import { exceptionRepr } from '../../protocol/exception.ts';
import { pythonRepr } from '../../protocol/repr.ts';
import { maskSettings } from '../../util/mask.ts';
import { parseRate } from '../rate-limit.ts';
import { type Arguments, type ControlCommand, type ControlContext, failed, ok, textOf } from './command.ts';

/** Commands about tasks and settings: what is registered, limits, configuration. */
export const SETTINGS: Readonly<Record<string, ControlCommand>> = {
  registered,
  conf,
  rate_limit: rateLimit,
  time_limit: timeLimit,
};

const DEFAULT_ITEMS = ['exchange', 'routing_key', 'rate_limit'];

function registered({ app, profiles }: ControlContext, args: Arguments): string[] {
  const asked = Array.isArray(args['taskinfoitems']) ? args['taskinfoitems'].map(String) : [];
  const items = asked.length > 0 ? asked : DEFAULT_ITEMS;
  return [...app.tasks]
    .filter((task) => args['builtins'] === true || !task.name.startsWith('celery.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((task) => describe(task, { ...formatOf(task, app), ...profiles.get(task.name) }, items));
}

/** How its messages are written when it does not say. */
function formatOf(task: Task, { conf }: Celery): object {
  return {
    serializer: task.serializer ?? conf.task_serializer,
    compression: task.compression ?? conf.task_compression,
    priority: task.priority ?? conf.task_default_priority,
  };
}

/** `settled` has what the settings and remote control made of its options. */
function describe(task: Task, settled: object, items: readonly string[]): string {
  const known = items
    .map((item) => [item, attribute(task, settled, item)] as const)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([item, value]) => `${item}=${typeof value === 'string' ? value : pythonRepr(value)}`);
  return known.length === 0 ? task.name : `${task.name} [${known.join(' ')}]`;
}

/** A task's option under Python's name: `max_retries` is `maxRetries` here. */
function attribute(task: Task, settled: object, item: string): unknown {
  const name = item.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
  const value: unknown = Reflect.get(name in settled ? settled : task, name);
  return typeof value === 'function' || typeof value === 'object' ? null : value;
}

/** Secrets are masked; without `with_defaults` only what was changed. */
function conf({ app }: ControlContext, args: Arguments): unknown {
  return settingsTable(app, args['with_defaults'] === true);
}

/** The settings as a reply can carry them, secrets masked. */
export function settingsTable(app: Celery, withDefaults = false): object {
  const defaults: object = defaultConfig({});
  const entries = Object.entries(app.conf).filter(
    ([key, value]) => withDefaults || !isDeepStrictEqual(Reflect.get(defaults, key), value),
  );
  const shown = entries.map(([key, value]) => [key, plain(value, CAMEL_CASED.has(key))]);
  return Object(maskSettings(Object.fromEntries(shown)));
}

/** Settings whose value is an object of options, under Celery's names in a reply. */
const CAMEL_CASED: ReadonlySet<string> = new Set(['task_publish_retry_policy']);

/** Routes may hold functions and regular expressions, which no reply can carry. */
function plain(value: unknown, isCamelCased = false): unknown {
  if (typeof value === 'function' || value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (value === null || typeof value !== 'object') return value;
  const name = (key: string): string =>
    isCamelCased ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [name(key), plain(item)]));
}

function rateLimit({ profiles, dispatcher }: ControlContext, args: Arguments): unknown {
  const limit = args['rate_limit'];
  if (limit !== null && typeof limit !== 'string' && typeof limit !== 'number')
    return failed(`rate_limit is ${pythonRepr(limit)}: write 5/s, 10/m, 100/h or a number`);
  let perSecond: number;
  try {
    perSecond = parseRate(limit);
  } catch {
    return failed(`Invalid rate limit string: ${exceptionRepr(rateError(String(limit)))}`);
  }
  const profile = profiles.get(textOf(args['task_name'], ''));
  if (profile === undefined) return failed('unknown task');
  profile.ratePerSecond = perSecond;
  profile.rateLimit = limit;
  dispatcher.resetRates();
  return ok(perSecond === 0 ? 'rate limit disabled successfully' : 'new rate limit set successfully');
}

/** What Python says of it (celery/utils/time.py `rate`). */
function rateError(limit: string): Error {
  const [count = ''] = limit.split('/');
  const isNumber = count.trim() !== '' && !Number.isNaN(Number(count));
  return new RangeError(isNumber ? limit : `could not convert string to float: ${pythonRepr(count)}`);
}

function timeLimit({ profiles }: ControlContext, args: Arguments): unknown {
  const profile = profiles.get(textOf(args['task_name'], ''));
  if (profile === undefined) return failed('unknown task');
  const [hard, soft] = [secondsOf(args['hard']), secondsOf(args['soft'])];
  profile.timeLimit = hard;
  profile.softTimeLimit = soft;
  return ok('time limits set successfully');
}

function secondsOf(value: unknown): number | null {
  const seconds = Number(value ?? 0);
  if (Number.isNaN(seconds)) throw new RangeError(`${String(value)} is no number of seconds`);
  return seconds > 0 ? seconds : null;
}
