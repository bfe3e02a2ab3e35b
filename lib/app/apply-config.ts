import { UmbelError } from '../contract/errors.ts';
import { unknownFields } from '../util/log-format.ts';
import { parseLogLevel } from '../util/logger.ts';
import { isTimeZone } from '../util/time-zone.ts';
import { type CeleryConfig, type Config, defaultConfig } from './config.ts';
import { checkFormats } from './payload-format.ts';
import { readPublishPolicy } from './publish-policy.ts';
import { explainName } from './setting-names.ts';
import { settingValue } from './setting-types.ts';

/**
 * Lays settings over others. Throws `UmbelError('bad_config')` for a name that is no setting, or a value that is of no
 * use; then nothing has changed.
 */
export function applyConfig(conf: Config, changes: CeleryConfig): void {
  const { broker_url, broker = broker_url, backend, ...settings } = changes;
  const next = { ...conf };
  if (broker !== undefined) next.broker_url = brokerList(broker);
  if (backend !== undefined) next.result_backend = backend;
  const standard: Readonly<Record<string, unknown>> = { ...defaultConfig() };
  for (const [key, value] of Object.entries(settings)) {
    if (!Object.hasOwn(conf, key)) throw wrong(explainName(key, Object.keys(conf)));
    if (value !== undefined) Reflect.set(next, key, settingValue(key, value, standard[key]));
  }
  next.task_publish_retry_policy = readPublishPolicy(next.task_publish_retry_policy);
  checkConfig(next);
  Object.assign(conf, next);
}

/** The URLs of a list with `;` between them. What a file or another program sets has no types. */
function brokerList(broker: unknown): string {
  const urls: unknown[] = Array.isArray(broker) ? broker : [broker];
  if (urls.length > 0 && urls.every((url) => typeof url === 'string')) return urls.join(';');
  throw wrong(`broker_url must be a URL or a list of URLs, not ${JSON.stringify(broker) ?? String(broker)}.`);
}

function checkConfig(conf: Config): void {
  checkFormats(conf);
  checkAmqp(conf);
  if (conf.broker_url === '') throw wrong('broker_url is empty. Give a URL, or leave it out.');
  // What a file or another program sets has no types.
  const strategy: unknown = conf.broker_failover_strategy;
  if (strategy !== 'round-robin' && strategy !== 'shuffle')
    throw wrong('broker_failover_strategy must be "round-robin" or "shuffle".');
  const protocol: unknown = conf.task_protocol;
  if (protocol !== 2)
    throw wrong('task_protocol must be 2: messages of protocol 1 are read, but not written.');
  if (conf.timezone !== null && !isTimeZone(conf.timezone)) {
    throw wrong(`timezone is "${conf.timezone}", but must be a name such as "Europe/Berlin" or "UTC".`);
  }
  const mode = conf.task_default_delivery_mode;
  if (mode !== 1 && mode !== 2) throw wrong(`task_default_delivery_mode must be 1 or 2, not ${mode}.`);
  for (const key of ['worker_log_format', 'worker_task_log_format'] as const) {
    const [field] = unknownFields(conf[key] ?? '');
    if (field !== undefined) throw wrong(`${key} names "${field}", which no line of the log has.`);
  }
  if (!parseLogLevel(conf.worker_redirect_stdouts_level)) {
    throw wrong(
      `worker_redirect_stdouts_level is "${conf.worker_redirect_stdouts_level}", which is no log level.`,
    );
  }
}

const QUEUE_TYPES = [
  'broker_native_delayed_delivery_queue_type',
  'task_create_missing_queue_type',
  'task_default_queue_type',
] as const;

function checkAmqp(conf: Config): void {
  for (const kind of ['control_queue', 'event_queue'] as const) {
    if (conf[`${kind}_exclusive`] && conf[`${kind}_durable`]) {
      throw wrong(`${kind}_exclusive and ${kind}_durable cannot both be true: set one of them to false.`);
    }
  }
  for (const key of QUEUE_TYPES) {
    const type: unknown = conf[key];
    if (type !== 'classic' && type !== 'quorum') throw wrong(`${key} must be "classic" or "quorum".`);
  }
  const detects: unknown = conf.worker_detect_quorum_queues;
  if (detects !== true) {
    throw wrong(
      'worker_detect_quorum_queues must be true: RabbitMQ refuses a worker that treats quorum queues as others.',
    );
  }
}

function wrong(message: string): UmbelError {
  return new UmbelError('bad_config', message);
}
