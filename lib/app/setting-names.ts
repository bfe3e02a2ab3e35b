import { nearestName } from '../util/nearest-name.ts';

/** Old names that no rule leads from (celery/app/defaults.py). */
const RENAMED: Readonly<Record<string, string>> = {
  CELERY_EAGER_PROPAGATES_EXCEPTIONS: 'task_eager_propagates',
  CELERY_MESSAGE_COMPRESSION: 'task_compression',
  CELERY_RESULT_DBURI: 'database_url',
  CELERY_RESULT_DB_TABLENAMES: 'database_table_names',
  CELERY_RESULT_ENGINE_OPTIONS: 'database_engine_options',
  CELERY_SEND_EVENTS: 'worker_send_task_events',
  CELERY_SEND_TASK_SENT_EVENT: 'task_send_sent_event',
  CELERY_TASK_RESULT_EXPIRES: 'result_expires',
};

/** Settings of Celery that mean nothing here, and why. */
const ABSENT: readonly (readonly [RegExp, string])[] = [
  [
    /^(cassandra|s3|azureblockblob|gcs|couchbase|arangodb|mongodb|cosmosdbsql|elasticsearch|dynamodb|couchdb|consul)_/,
    'that result backend is not there',
  ],
  [/^broker_(read|write)_url$/, 'broker_url serves both'],
  [/^broker_channel_error_retry$/, 'a channel that the broker closes is always opened again'],
  [/^worker_enable_prefetch_count_reduction$/, 'what a worker holds survives a reconnect'],
  [/^broker_(host|port|user|password|vhost|transport)$/, 'write it into broker_url'],
  [/^redis_(host|port|db|username|password)$/, 'write it into result_backend'],
  [/^redis_/, 'connections of Redis are opened, kept and watched without settings'],
  [/^broker_(pool_limit|pool_acquire_timeout)$/, 'an app has one connection for each purpose, not a pool'],
  [/^(database|cache)_/, 'the URL in result_backend says it all'],
  [/^result_persistent$/, 'reply queues are not kept'],
  [/^security_/, 'messages are not signed'],
  [/^result_cache_max$/, 'results are not cached'],
  [/^(result_exchange|result_exchange_type)$/, 'it belonged to a result backend that Celery has given up'],
  [/^worker_hijack_root_logger$/, 'there is no root logger to take over'],
  [
    /^(worker_(agent|consumer|timer|timer_precision|pool_putlocks|autoscaler)|task_remote_tracebacks|broker_heartbeat_checkrate)$/,
    "it sets a part of Python's worker that is not needed here",
  ],
];

/** What is wrong with the name of a setting, in words that say what to do. `known` are the names that there are. */
export function explainName(key: string, known: readonly string[]): string {
  const renamed = newNameOf(key, known);
  if (renamed !== null) return `"${key}" is an old name of Celery's: write ${renamed}.`;
  const [, reason] = ABSENT.find(([pattern]) => possibleNames(key).some((name) => pattern.test(name))) ?? [];
  if (reason !== undefined)
    return `"${key}" is a setting of Celery that has no meaning here: ${reason}. Leave it out.`;
  return `"${key}" is no setting. Did you mean "${nearestName(key, [...known, 'broker', 'backend'])}"?`;
}

/**
 * The present name of a setting from before Celery 4, or of one with Django's prefix `CELERY_`; null for any other.
 * `CELERYD_CONCURRENCY` is worker_concurrency, `CELERY_ACKS_LATE` task_acks_late, `BROKER_URL` broker_url.
 */
export function newNameOf(key: string, known: readonly string[]): string | null {
  if (!/^[A-Z][A-Z0-9_]*$/.test(key)) return null;
  const renamed = RENAMED[key];
  if (renamed !== undefined) return known.includes(renamed) ? renamed : null;
  const rest = key.replace(/^CELERY(D|BEAT)?_/, '').toLowerCase();
  const prefixes = key.startsWith('CELERYBEAT_') ? ['beat_'] : ['', 'task_', 'worker_'];
  return prefixes.map((prefix) => prefix + rest).find((name) => known.includes(name)) ?? null;
}

/** What its name of today may be, for those that only the reason is known of. */
function possibleNames(key: string): string[] {
  if (!/^[A-Z][A-Z0-9_]*$/.test(key)) return [key];
  const rest = key
    .replace(/^CELERY_RESULT_(?:DB|ENGINE)_/, 'DATABASE_')
    .replace('CELERY_MAX_CACHED_RESULTS', 'RESULT_CACHE_MAX')
    .replace(/^CELERY(?:D|BEAT)?_/, '')
    .toLowerCase();
  return [RENAMED[key] ?? rest, `task_${rest}`, `worker_${rest}`];
}
