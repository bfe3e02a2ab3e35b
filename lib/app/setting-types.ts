import { UmbelError } from '../contract/errors.ts';
import type { Config } from './config.ts';

/*
 * Types of settings (celery/app/defaults.py). A command line, a file or an environment gives texts: they become what
 * they say. Settings that are neither switches, numbers nor lists of names are checked where they are used.
 */

type Kind = 'switch' | 'number' | 'list';

/** Settings whose default, null, does not tell what they are. All of them may be null. */
const NULLABLE: Partial<Record<keyof Config, Kind>> = {
  beat_cron_starting_deadline: 'number',
  broker_connection_max_retries: 'number',
  broker_connection_retry_on_startup: 'switch',
  result_accept_content: 'list',
  result_expires: 'number',
  task_acks_on_failure: 'switch',
  task_acks_on_timeout: 'switch',
  task_default_priority: 'number',
  task_queue_max_priority: 'number',
  task_reject_on_worker_lost: 'switch',
  task_soft_time_limit: 'number',
  task_time_limit: 'number',
  worker_eta_task_limit: 'number',
  worker_log_color: 'switch',
  worker_max_memory_per_child: 'number',
  worker_max_tasks_per_child: 'number',
};

/** Switches that may be an object as well. */
const MIXED: ReadonlySet<string> = new Set(['broker_use_ssl']);

/** Celery's words for switches (celery/utils/serialization.py `strtobool`). */
const SWITCH_WORDS: Readonly<Record<string, boolean>> = {
  false: false,
  no: false,
  '0': false,
  off: false,
  true: true,
  yes: true,
  '1': true,
  on: true,
};

/** A value as its setting has it. `standard` is its default. Throws `UmbelError('bad_config')`. */
export function settingValue(key: string, value: unknown, standard: unknown): unknown {
  const nullable: Readonly<Record<string, Kind>> = NULLABLE;
  if (value === null && Object.hasOwn(nullable, key)) return null;
  const kind = Object.hasOwn(nullable, key) ? nullable[key] : kindOf(standard);
  switch (kind) {
    case 'switch':
      return MIXED.has(key) && typeof value === 'object' ? value : toSwitch(key, value);
    case 'number':
      return toNumber(key, value);
    case 'list':
      return toList(key, value);
    default:
      return value;
  }
}

function kindOf(standard: unknown): Kind | undefined {
  if (typeof standard === 'boolean') return 'switch';
  if (typeof standard === 'number') return 'number';
  return Array.isArray(standard) ? 'list' : undefined;
}

function toSwitch(key: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  const said = typeof value === 'string' ? SWITCH_WORDS[value.toLowerCase()] : undefined;
  if (said !== undefined) return said;
  throw wrong(key, 'true or false', value);
}

function toNumber(key: string, value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && !Number.isNaN(number)) return number;
  throw wrong(key, 'a number', value);
}

function toList(key: string, value: unknown): unknown {
  if (Array.isArray(value)) return value;
  if (value instanceof Set) return [...value];
  if (typeof value !== 'string') throw wrong(key, 'a list', value);
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function wrong(key: string, expected: string, value: unknown): UmbelError {
  return new UmbelError(
    'bad_config',
    `${key} must be ${expected}, not ${JSON.stringify(value) ?? String(value)}.`,
  );
}
