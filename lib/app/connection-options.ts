import type { BackendOptions } from '../backend/backend.ts';
import { acceptedTypes, serializerNamed } from '../protocol/serializer.ts';
import type { TransportOptions } from '../transport/open.ts';
import type { Config } from './config.ts';

/** How the settings say to reach the broker. */
export function transportOptionsOf(conf: Config): Omit<TransportOptions, 'logger'> {
  return {
    transportOptions: { retry_policy: retryPolicyOf(conf), ...conf.broker_transport_options },
    connectionTimeoutMs: conf.broker_connection_timeout * 1000,
    heartbeat: conf.broker_heartbeat,
    useSsl: conf.broker_use_ssl,
    loginMethod: conf.broker_login_method,
    failoverStrategy: conf.broker_failover_strategy,
    broadcasts: {
      eventExchange: conf.event_exchange,
      eventPrefix: conf.event_queue_prefix,
      controlExchange: conf.control_exchange,
      events: {
        ttl: conf.event_queue_ttl,
        expires: conf.event_queue_expires,
        isExclusive: conf.event_queue_exclusive,
        isDurable: conf.event_queue_durable,
      },
      control: {
        ttl: conf.control_queue_ttl,
        expires: conf.control_queue_expires,
        isExclusive: conf.control_queue_exclusive,
        isDurable: conf.control_queue_durable,
      },
    },
    delayedQueueType: conf.broker_native_delayed_delivery_queue_type,
  };
}

/** How the settings say to reach and to use the result backend. Throws `UmbelError('bad_config')`. */
export function backendOptionsOf(conf: Config): Omit<BackendOptions, 'logger'> {
  return {
    transportOptions: conf.result_backend_transport_options,
    useSsl: conf.redis_backend_use_ssl ?? false,
    connectionTimeoutMs: conf.broker_connection_timeout * 1000,
    expiresSeconds: conf.result_expires ?? 0,
    isExtended: conf.result_extended,
    database: {
      engineOptions: conf.database_engine_options,
      tableNames: conf.database_table_names,
      tableSchemas: conf.database_table_schemas,
    },
    serializer: serializerNamed(conf.result_serializer, 'result_serializer'),
    accept: acceptedTypes(conf.result_accept_content ?? conf.accept_content),
  };
}

/** As kombu spells it. Trying again is the transport's: it alone knows whether a message may have arrived already. */
function retryPolicyOf({ task_publish_retry: isWanted, task_publish_retry_policy: policy }: Config): unknown {
  if (!isWanted) return { max_retries: 0 };
  const { maxRetries, intervalStart, intervalStep, intervalMax } = policy;
  return {
    max_retries: maxRetries,
    interval_start: intervalStart,
    interval_step: intervalStep,
    interval_max: intervalMax,
  };
}
