import { isAmqpUrl } from '../amqp/url.ts';
import { UmbelError } from '../contract/errors.ts';
import { isRedisUrl } from '../redis/url.ts';
import type { Logger } from '../util/logger.ts';
import { maskUrl } from '../util/mask.ts';
import { AmqpTransport } from './amqp/amqp-transport.ts';
import { type BroadcastSettings, DEFAULT_BROADCASTS } from './amqp/topology.ts';
import { RedisTransport } from './redis/redis-transport.ts';
import type { Transport } from './transport.ts';

export interface TransportOptions {
  readonly logger: Logger;
  /** Celery's `broker_transport_options`. */
  readonly transportOptions?: Readonly<Record<string, unknown>>;
  /** Milliseconds for one attempt to connect. Default 4000. */
  readonly connectionTimeoutMs?: number;
  /** AMQP: seconds, Celery's `broker_heartbeat`; the broker may lower it. Default 120. */
  readonly heartbeat?: number;
  /** Celery's `broker_use_ssl`. Default false. */
  readonly useSsl?: boolean | Readonly<Record<string, unknown>>;
  /** AMQP: Celery's `broker_login_method`. Default PLAIN. */
  readonly loginMethod?: string | null;
  /** Celery's `broker_failover_strategy`, of a `;` list of URLs. Default `round-robin`. */
  readonly failoverStrategy?: 'round-robin' | 'shuffle';
  /** AMQP: how events and remote control are declared. Default: as Celery's defaults are. */
  readonly broadcasts?: BroadcastSettings;
  /** AMQP: Celery's `broker_native_delayed_delivery_queue_type`. Default `quorum`. */
  readonly delayedQueueType?: 'classic' | 'quorum';
  /** AMQP: URL of RabbitMQ's management API, for what AMQP cannot tell: `http://guest:guest@localhost:15672/api/`. */
  readonly managementUrl?: string | null;
}

/** The transport for a broker URL, not started. Throws `UmbelError('unsupported')` or `UmbelError('bad_config')`. */
export function openTransport(url: string, options: TransportOptions): Transport {
  const { logger, transportOptions = {}, connectionTimeoutMs = 4000 } = options;
  if (isRedisUrl(url)) {
    const { useSsl = false, failoverStrategy = 'round-robin' } = options;
    return new RedisTransport(url, {
      logger,
      transportOptions,
      connectionTimeoutMs,
      useSsl,
      failoverStrategy,
    });
  }
  if (isAmqpUrl(url)) {
    return new AmqpTransport(url, {
      logger,
      transportOptions,
      connectionTimeoutMs,
      heartbeat: options.heartbeat ?? 120,
      useSsl: options.useSsl ?? false,
      loginMethod: options.loginMethod ?? null,
      failoverStrategy: options.failoverStrategy ?? 'round-robin',
      broadcasts: options.broadcasts ?? DEFAULT_BROADCASTS,
      delayedQueueType: options.delayedQueueType ?? 'quorum',
      managementUrl: options.managementUrl ?? null,
    });
  }
  throw new UmbelError(
    'unsupported',
    `No transport for the broker URL "${maskUrl(url)}". Use redis://, rediss://, redis+socket://, sentinel://, amqp:// or amqps://.`,
  );
}
