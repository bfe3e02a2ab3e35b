import { UmbelError } from '../contract/errors.ts';
import { isRedisUrl } from '../redis/url.ts';
import type { Logger } from '../util/logger.ts';
import { maskUrl } from '../util/mask.ts';
import { RedisTransport } from './redis/redis-transport.ts';
import type { Transport } from './transport.ts';

export interface TransportOptions {
  readonly logger: Logger;
  /** Celery's `broker_transport_options`. */
  readonly transportOptions?: Readonly<Record<string, unknown>>;
  /** Milliseconds for one attempt to connect. Default 4000. */
  readonly connectionTimeoutMs?: number;
}

/** The transport for a broker URL, not started. Throws `UmbelError('unsupported')` or `UmbelError('bad_config')`. */
export function openTransport(url: string, options: TransportOptions): Transport {
  const { logger, transportOptions = {}, connectionTimeoutMs = 4000 } = options;
  if (isRedisUrl(url)) {
    return new RedisTransport(url, { logger, transportOptions, connectionTimeoutMs });
  }
  throw new UmbelError(
    'unsupported',
    `No transport for the broker URL "${maskUrl(url)}". Use redis://, rediss:// or redis+socket://.`,
  );
}
