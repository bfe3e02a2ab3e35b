import type { TransportOptions } from '../transport/open.ts';
import type { Config } from './config.ts';

/** How the settings say to reach the broker. */
export function transportOptionsOf(conf: Config): Omit<TransportOptions, 'logger'> {
  return {
    transportOptions: conf.broker_transport_options,
    connectionTimeoutMs: conf.broker_connection_timeout * 1000,
    heartbeat: conf.broker_heartbeat,
    useSsl: conf.broker_use_ssl,
    loginMethod: conf.broker_login_method,
    failoverStrategy: conf.broker_failover_strategy,
    broadcasts: {
      eventExchange: conf.event_exchange,
      eventTtl: conf.event_queue_ttl,
      eventExpires: conf.event_queue_expires,
      controlTtl: conf.control_queue_ttl,
      controlExpires: conf.control_queue_expires,
    },
  };
}
