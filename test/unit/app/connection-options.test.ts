import { expect, it } from 'vitest';
import { backendOptionsOf, transportOptionsOf } from '../../../lib/app/connection-options.ts';
import { timeZoneOf } from '../../../lib/app/payload-format.ts';
import { Celery, type CeleryConfig } from '../../../lib/index.ts';
import { localTimeZone } from '../../../lib/util/time-zone.ts';
import { retryOf } from '../../../lib/worker/results.ts';

/* Each setting changes what it names of the way to the broker and to the results, and nothing else. */

const confOf = (settings: CeleryConfig) => new Celery('a', settings).conf;

it.each<[CeleryConfig, object]>([
  [{ broker_connection_timeout: 7 }, { connectionTimeoutMs: 7000 }],
  [{ broker_heartbeat: 7 }, { heartbeat: 7 }],
  [{ broker_use_ssl: { ca_certs: '/ca' } }, { useSsl: { ca_certs: '/ca' } }],
  [{ broker_login_method: 'EXTERNAL' }, { loginMethod: 'EXTERNAL' }],
  [{ broker_failover_strategy: 'shuffle' }, { failoverStrategy: 'shuffle' }],
  [{ broker_native_delayed_delivery_queue_type: 'classic' }, { delayedQueueType: 'classic' }],
  [{ event_exchange: 'own' }, { broadcasts: { eventExchange: 'own' } }],
  [{ event_queue_prefix: 'own' }, { broadcasts: { eventPrefix: 'own' } }],
  [{ control_exchange: 'own' }, { broadcasts: { controlExchange: 'own' } }],
  [{ event_queue_ttl: 7 }, { broadcasts: { events: { ttl: 7 } } }],
  [{ event_queue_expires: 7 }, { broadcasts: { events: { expires: 7 } } }],
  [{ event_queue_exclusive: false }, { broadcasts: { events: { isExclusive: false } } }],
  [
    { event_queue_exclusive: false, event_queue_durable: true },
    { broadcasts: { events: { isExclusive: false, isDurable: true } } },
  ],
  [{ control_queue_ttl: 7 }, { broadcasts: { control: { ttl: 7 } } }],
  [{ control_queue_expires: 7 }, { broadcasts: { control: { expires: 7 } } }],
  [{ control_queue_exclusive: false }, { broadcasts: { control: { isExclusive: false } } }],
  [
    { control_queue_exclusive: false, control_queue_durable: true },
    { broadcasts: { control: { isExclusive: false, isDurable: true } } },
  ],
  [{ task_publish_retry: false }, { transportOptions: { retry_policy: { max_retries: 0 } } }],
  [{ broker_transport_options: { lease: 7 } }, { transportOptions: { lease: 7 } }],
])('%j, on the way to the broker', (settings, changed) => {
  expect(transportOptionsOf(confOf(settings))).toEqual(merged(transportOptionsOf(confOf({})), changed));
});

it.each<[CeleryConfig, object]>([
  [{ broker_connection_timeout: 7 }, { connectionTimeoutMs: 7000 }],
  [{ redis_backend_use_ssl: { ssl_ca_certs: '/ca' } }, { useSsl: { ssl_ca_certs: '/ca' } }],
  [
    { result_backend_transport_options: { global_keyprefix: 'a' } },
    { transportOptions: { global_keyprefix: 'a' } },
  ],
  [{ result_expires: 7 }, { expiresSeconds: 7 }],
  [{ result_expires: null }, { expiresSeconds: 0 }],
  [{ result_extended: true }, { isExtended: true }],
  [{ database_engine_options: { pool_size: 7 } }, { database: { engineOptions: { pool_size: 7 } } }],
  [{ database_table_names: { task: 'own' } }, { database: { tableNames: { task: 'own' } } }],
  [{ database_table_schemas: { task: 'own' } }, { database: { tableSchemas: { task: 'own' } } }],
])('%j, on the way to the results', (settings, changed) => {
  const plain = (conf: CeleryConfig) => ({ ...backendOptionsOf(confOf(conf)), serializer: null });
  expect(plain(settings)).toEqual(merged(plain({}), changed));
});

it('results are read and written as result_serializer and result_accept_content say, else accept_content', () => {
  const formats = (settings: CeleryConfig): unknown[] => {
    const { serializer, accept } = backendOptionsOf(confOf(settings));
    return [serializer?.name, [...(accept ?? [])]];
  };
  expect(formats({})).toEqual(['json', ['application/json']]);
  expect(formats({ result_serializer: 'yaml', accept_content: ['yaml'] })).toEqual([
    'yaml',
    ['application/x-yaml'],
  ]);
  expect(formats({ accept_content: ['yaml'], result_accept_content: ['json'] })).toEqual([
    'json',
    ['application/json'],
  ]);
});

it('a store that is away is tried again as result_backend_always_retry and its companions say', () => {
  const companions: CeleryConfig = {
    result_backend_max_retries: 7,
    result_backend_base_sleep_between_retries_ms: 8,
    result_backend_max_sleep_between_retries_ms: 9,
  };
  expect(retryOf(confOf(companions))).toEqual(retryOf(confOf({})));
  expect(retryOf(confOf({ ...companions, result_backend_always_retry: true }))).toEqual({
    maxTries: 7,
    baseMs: 8,
    maxMs: 9,
  });
  expect(retryOf(confOf({ result_backend_always_retry: true }))).toMatchObject({
    maxTries: Number.POSITIVE_INFINITY,
  });
});

it('times without offset are of timezone, else of UTC, or of the process without enable_utc', () => {
  expect(timeZoneOf(confOf({}))).toBe('UTC');
  expect(timeZoneOf(confOf({ enable_utc: false }))).toBe(localTimeZone());
  expect(timeZoneOf(confOf({ enable_utc: false, timezone: 'Asia/Tokyo' }))).toBe('Asia/Tokyo');
});

function merged(base: object, changed: object): object {
  const isPlain = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(changed)])].map((key) => {
      const [old, own]: unknown[] = [Reflect.get(base, key), Reflect.get(changed, key)];
      if (own === undefined) return [key, old];
      return [key, isPlain(old) && isPlain(own) && key !== 'retry_policy' ? merged(old, own) : own];
    }),
  );
}
