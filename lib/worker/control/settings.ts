import { defaultConfig } from '../../app/config.ts';
import type { Task } from '../../app/task.ts';
import { maskSettings } from '../../util/mask.ts';
import { parseRate } from '../rate-limit.ts';
import type { TaskProfile } from '../task-profile.ts';
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
    .map((task) => describe(task, profiles.get(task.name), items))
    .sort();
}

function describe(task: Task, profile: TaskProfile | undefined, items: readonly string[]): string {
  const known = items
    .map((item) => [item, attribute(task, profile, item)] as const)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([item, value]) => `${item}=${String(value)}`);
  return known.length === 0 ? task.name : `${task.name} [${known.join(' ')}]`;
}

/** A task's option under Python's name: `max_retries` is `maxRetries` here. */
function attribute(task: Task, profile: TaskProfile | undefined, item: string): unknown {
  if (item === 'rate_limit') return profile?.rateLimit;
  const name = item.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
  const value: unknown = Reflect.get(task, name);
  return typeof value === 'function' || typeof value === 'object' ? null : value;
}

/** Secrets are masked; without `with_defaults` only what was changed. */
function conf({ app }: ControlContext, args: Arguments): unknown {
  const defaults: object = defaultConfig({});
  const entries = Object.entries(app.conf).filter(
    ([key, value]) => args['with_defaults'] === true || Reflect.get(defaults, key) !== value,
  );
  return maskSettings(Object.fromEntries(entries.map(([key, value]) => [key, plain(value)])));
}

/** Routes may hold functions and regular expressions, which no reply can carry. */
function plain(value: unknown): unknown {
  if (typeof value === 'function' || value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function rateLimit({ profiles, dispatcher }: ControlContext, args: Arguments): unknown {
  const rate = args['rate_limit'];
  const limit = typeof rate === 'string' || typeof rate === 'number' ? rate : null;
  let perSecond: number;
  try {
    perSecond = parseRate(limit);
  } catch {
    return failed(`Invalid rate limit string: ValueError('${String(limit)}')`);
  }
  const profile = profiles.get(textOf(args['task_name'], ''));
  if (profile === undefined) return failed('unknown task');
  profile.ratePerSecond = perSecond;
  profile.rateLimit = limit;
  dispatcher.resetRates();
  return ok(perSecond === 0 ? 'rate limit disabled successfully' : 'new rate limit set successfully');
}

function timeLimit({ profiles }: ControlContext, args: Arguments): unknown {
  const profile = profiles.get(textOf(args['task_name'], ''));
  if (profile === undefined) return failed('unknown task');
  profile.timeLimit = secondsOf(args['hard']);
  profile.softTimeLimit = secondsOf(args['soft']);
  return ok('time limits set successfully');
}

function secondsOf(value: unknown): number | null {
  const seconds = Number(value ?? 0);
  return seconds > 0 ? seconds : null;
}
