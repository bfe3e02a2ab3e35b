import { availableParallelism } from 'node:os';
import type { ExchangeType } from '../transport/transport.ts';
import type { Annotations } from './annotations.ts';
import type { RetryPolicy } from './apply-options.ts';
import type { PublishPolicy } from './publish-policy.ts';
import type { QueueFields, QueueItem } from './queue-settings.ts';
import type { Route } from './routes.ts';

/** Every setting, under Celery's names. Durations are seconds. */
export interface Config {
  /** A list of brokers has `;` between its URLs. */
  broker_url: string;
  /** null: no results are kept (with the embedded engine: kept there). */
  result_backend: string | null;
  /** Modules with tasks that a worker loads. */
  include: readonly string[];
  imports: readonly string[];
  /** Serializers that are read, by name or MIME type. */
  accept_content: readonly string[];
  /** The same for results; null: as `accept_content`. */
  result_accept_content: readonly string[] | null;
  enable_utc: boolean;
  /** Zone of times without offset. null: UTC, or the zone of the process without `enable_utc`. */
  timezone: string | null;
  broker_transport_options: Readonly<Record<string, unknown>>;
  broker_connection_timeout: number;
  broker_connection_retry: boolean;
  broker_connection_retry_on_startup: boolean | null;
  broker_connection_max_retries: number | null;
  /** AMQP; the broker may lower it. */
  broker_heartbeat: number;
  /** AMQP: SASL mechanism; null: PLAIN. */
  broker_login_method: string | null;
  /** Order in which the brokers of a list are tried. */
  broker_failover_strategy: 'round-robin' | 'shuffle';
  /** AMQP: of the queues in which messages wait for their ETA. */
  broker_native_delayed_delivery_queue_type: 'classic' | 'quorum';
  broker_use_ssl: boolean | Readonly<Record<string, unknown>>;
  /** TLS of Redis results: `true`, or `ssl_cert_reqs`, `ssl_ca_certs` … as in the URL. */
  redis_backend_use_ssl: boolean | Readonly<Record<string, unknown>> | null;
  result_backend_transport_options: Readonly<Record<string, unknown>>;
  /** Seconds until a result is dropped; 0 or null keeps it for ever. */
  result_expires: number | null;
  /** Try to store a result for as long as it takes; without it for about half a minute. */
  result_backend_always_retry: boolean;
  /** With `result_backend_always_retry`: attempts at most. Default no limit. */
  result_backend_max_retries: number;
  /** Milliseconds before the second attempt; each wait is twice the last. */
  result_backend_base_sleep_between_retries_ms: number;
  /** Milliseconds. */
  result_backend_max_sleep_between_retries_ms: number;
  /** Store name, args, worker and queue with each result. */
  result_extended: boolean;
  result_serializer: string;
  /** Changes nothing: results are kept as they are, as in Celery. */
  result_compression: string | null;
  result_chord_join_timeout: number;
  /** Where the backend cannot count: between two looks at the header of a chord. */
  result_chord_retry_interval: number;
  /** `pool_size`: connections of one process to the result database at most. */
  database_engine_options: Readonly<Record<string, unknown>>;
  /** Names of the tables `task` and `group`. */
  database_table_names: Readonly<Record<string, string>> | null;
  /** Schemas in which they are. */
  database_table_schemas: Readonly<Record<string, string>> | null;
  control_exchange: string;
  control_queue_ttl: number;
  control_queue_expires: number;
  /** AMQP: only the connection that made such a queue reads it. */
  control_queue_exclusive: boolean;
  /** AMQP: it outlives a restart of the broker; not together with `_exclusive`. */
  control_queue_durable: boolean;
  event_exchange: string;
  event_queue_ttl: number;
  event_queue_expires: number;
  /** As `control_queue_exclusive`. */
  event_queue_exclusive: boolean;
  /** As `control_queue_durable`. */
  event_queue_durable: boolean;
  event_queue_prefix: string;
  event_serializer: string;
  task_acks_late: boolean;
  task_acks_on_failure_or_timeout: boolean;
  /** null: as `task_acks_on_failure_or_timeout`. */
  task_acks_on_failure: boolean | null;
  /** null: as `task_acks_on_failure_or_timeout`. */
  task_acks_on_timeout: boolean | null;
  task_reject_on_worker_lost: boolean | null;
  /** Errbacks of a chord are for its header tasks too, not for the body alone. */
  task_allow_error_cb_on_chord_header: boolean;
  /** Run tasks at once in the caller's process: for tests. */
  task_always_eager: boolean;
  task_eager_propagates: boolean;
  /** With `task_always_eager`: store results all the same. */
  task_store_eager_result: boolean;
  /** Options laid over those of tasks, by name; `*` is for all and wins. Also a list, or objects that decide by code. */
  task_annotations: Annotations;
  task_create_missing_queues: boolean;
  /** RabbitMQ: `quorum` or `classic`, of queues that are not in `task_queues`. */
  task_create_missing_queue_type: 'classic' | 'quorum';
  /** null: direct. */
  task_create_missing_queue_exchange_type: ExchangeType | null;
  task_default_queue: string;
  /** RabbitMQ: `quorum` or `classic`, of the default queue when `task_queues` names none. */
  task_default_queue_type: 'classic' | 'quorum';
  task_default_exchange: string | null;
  task_default_exchange_type: ExchangeType;
  task_default_routing_key: string | null;
  task_default_delivery_mode: number;
  task_default_priority: number | null;
  task_inherit_parent_priority: boolean;
  task_queue_max_priority: number | null;
  task_default_rate_limit: string | number | null;
  task_ignore_result: boolean;
  task_store_errors_even_if_ignored: boolean;
  task_protocol: 2;
  task_publish_retry: boolean;
  task_publish_retry_policy: Required<RetryPolicy>;
  task_queues: readonly QueueItem[] | Readonly<Record<string, QueueFields>> | null;
  task_routes: Route | readonly Route[] | null;
  /** Send a task-sent event for each call, for monitors. */
  task_send_sent_event: boolean;
  task_serializer: string;
  /** `gzip`, `brotli`, `zstd` (Node 22.15): packs the bodies of tasks. */
  task_compression: string | null;
  task_soft_time_limit: number | null;
  task_time_limit: number | null;
  task_track_started: boolean;
  /** Each worker also takes from a queue of its own, `<node name>.dq2`. */
  worker_direct: boolean;
  worker_concurrency: number;
  worker_pool: string;
  worker_prefetch_multiplier: number;
  worker_disable_prefetch: boolean;
  /** AMQP; always true: RabbitMQ refuses a consumer that does not know of quorum queues. */
  worker_detect_quorum_queues: true;
  worker_deduplicate_successful_tasks: boolean;
  worker_disable_rate_limits: boolean;
  /** ETA tasks that a worker holds beyond its prefetch; null: 250,000. */
  worker_eta_task_limit: number | null;
  worker_enable_remote_control: boolean;
  worker_max_tasks_per_child: number | null;
  /** Kibibytes. */
  worker_max_memory_per_child: number | null;
  /** Seconds in which a new process or thread of a pool must be ready. */
  worker_proc_alive_timeout: number;
  /** Seconds to wait for the outcome that a lost process may have sent before it ended. */
  worker_lost_wait: number;
  /** Allow the remote command `pool_restart`. */
  worker_pool_restarts: boolean;
  worker_send_task_events: boolean;
  worker_soft_shutdown_timeout: number;
  /** Changes nothing: an idle worker ends at once. */
  worker_enable_soft_shutdown_on_idle: boolean;
  worker_cancel_long_running_tasks_on_connection_loss: boolean;
  worker_state_db: string | null;
  worker_log_format: string | null;
  worker_task_log_format: string | null;
  worker_log_color: boolean | null;
  /** What tasks print becomes lines of the log. */
  worker_redirect_stdouts: boolean;
  worker_redirect_stdouts_level: string;
  beat_schedule: Readonly<Record<string, unknown>>;
  beat_scheduler: string | null;
  beat_schedule_filename: string;
  beat_max_loop_interval: number;
  beat_sync_every: number;
  beat_cron_starting_deadline: number | null;
}

/** What an app is made with: any settings, and short names for the commonest two. */
export type CeleryConfig = Partial<Omit<Config, 'broker_url' | 'task_publish_retry_policy'>> & {
  /** Several URLs, as a list or with `;` between them, are tried in turn. */
  readonly broker_url?: string | readonly string[];
  readonly broker?: string | readonly string[];
  readonly backend?: string | null;
  readonly task_publish_retry_policy?: PublishPolicy;
};

/** The embedded engine's broker and result database, when nobody names others. */
export const EMBEDDED_BROKER = 'redis://127.0.0.1:5556/0';
export const EMBEDDED_BACKEND = 'redis://127.0.0.1:5556/1';

/** Celery's defaults, but for the broker: without one it is `CELERY_BROKER_URL`, else the embedded engine. */
export function defaultConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  return {
    broker_url: env['CELERY_BROKER_URL'] || EMBEDDED_BROKER,
    result_backend: env['CELERY_RESULT_BACKEND'] || null,
    include: [],
    imports: [],
    accept_content: ['json'],
    result_accept_content: null,
    enable_utc: true,
    timezone: null,
    broker_transport_options: {},
    broker_connection_timeout: 4,
    broker_connection_retry: true,
    broker_connection_retry_on_startup: null,
    broker_connection_max_retries: 100,
    broker_heartbeat: 120,
    broker_login_method: null,
    broker_failover_strategy: 'round-robin',
    broker_native_delayed_delivery_queue_type: 'quorum',
    broker_use_ssl: false,
    redis_backend_use_ssl: null,
    result_backend_transport_options: {},
    result_expires: 86_400,
    result_backend_always_retry: false,
    result_backend_max_retries: Number.POSITIVE_INFINITY,
    result_backend_base_sleep_between_retries_ms: 10,
    result_backend_max_sleep_between_retries_ms: 10_000,
    result_extended: false,
    result_serializer: 'json',
    result_compression: null,
    result_chord_join_timeout: 3,
    result_chord_retry_interval: 1,
    database_engine_options: {},
    database_table_names: null,
    database_table_schemas: null,
    control_exchange: 'celery',
    control_queue_ttl: 300,
    control_queue_expires: 10,
    control_queue_exclusive: true,
    control_queue_durable: false,
    event_exchange: 'celeryev',
    event_queue_ttl: 5,
    event_queue_expires: 60,
    event_queue_exclusive: true,
    event_queue_durable: false,
    event_queue_prefix: 'celeryev',
    event_serializer: 'json',
    task_acks_late: false,
    task_acks_on_failure_or_timeout: true,
    task_acks_on_failure: null,
    task_acks_on_timeout: null,
    task_reject_on_worker_lost: null,
    task_allow_error_cb_on_chord_header: false,
    task_always_eager: false,
    task_eager_propagates: false,
    task_store_eager_result: false,
    task_annotations: null,
    task_create_missing_queues: true,
    task_create_missing_queue_type: 'classic',
    task_create_missing_queue_exchange_type: null,
    task_default_queue: 'celery',
    task_default_queue_type: 'classic',
    task_default_exchange: null,
    task_default_exchange_type: 'direct',
    task_default_routing_key: null,
    task_default_delivery_mode: 2,
    task_default_priority: null,
    task_inherit_parent_priority: false,
    task_queue_max_priority: null,
    task_default_rate_limit: null,
    task_ignore_result: false,
    task_store_errors_even_if_ignored: false,
    task_protocol: 2,
    task_publish_retry: true,
    task_publish_retry_policy: { maxRetries: 3, intervalStart: 0, intervalStep: 0.2, intervalMax: 1 },
    task_queues: null,
    task_routes: null,
    task_send_sent_event: false,
    task_serializer: 'json',
    task_compression: null,
    task_soft_time_limit: null,
    task_time_limit: null,
    task_track_started: false,
    worker_direct: false,
    worker_concurrency: availableParallelism(),
    worker_pool: 'prefork',
    worker_prefetch_multiplier: 4,
    worker_disable_prefetch: false,
    worker_detect_quorum_queues: true,
    worker_deduplicate_successful_tasks: false,
    worker_disable_rate_limits: false,
    worker_eta_task_limit: null,
    worker_enable_remote_control: true,
    worker_max_tasks_per_child: null,
    worker_max_memory_per_child: null,
    // Celery's 4 is for forked processes; ours load the app.
    worker_proc_alive_timeout: 60,
    worker_lost_wait: 10,
    worker_pool_restarts: false,
    worker_send_task_events: false,
    worker_soft_shutdown_timeout: 0,
    worker_enable_soft_shutdown_on_idle: false,
    worker_cancel_long_running_tasks_on_connection_loss: false,
    worker_state_db: null,
    worker_log_format: null,
    worker_task_log_format: null,
    worker_log_color: null,
    worker_redirect_stdouts: true,
    worker_redirect_stdouts_level: 'WARNING',
    beat_schedule: {},
    beat_scheduler: null,
    beat_schedule_filename: 'celerybeat-schedule',
    beat_max_loop_interval: 0,
    beat_sync_every: 0,
    beat_cron_starting_deadline: null,
  };
}
