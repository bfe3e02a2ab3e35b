import { UmbelError } from '../contract/errors.ts';
import { isRedisUrl } from '../redis/url.ts';
import type { Logger } from '../util/logger.ts';
import { maskUrl } from '../util/mask.ts';
import type { ResultBackend } from './backend.ts';
import { DisabledBackend } from './disabled.ts';
import { RedisBackend } from './redis/redis-backend.ts';

export interface BackendOptions {
  readonly logger: Logger;
  /** Seconds until a result is deleted; null or 0: never. Default 86400, Celery's `result_expires`. */
  readonly expiresSeconds?: number | null;
  /** Celery's `result_backend_transport_options`: `global_keyprefix`. */
  readonly transportOptions?: Readonly<Record<string, unknown>>;
  /** Milliseconds for one attempt to connect. Default 4000. */
  readonly connectionTimeoutMs?: number;
}

/**
 * The backend for a URL, not started; null and `disabled://` give one that stores nothing.
 * Throws `UmbelError('unsupported')` or `UmbelError('bad_config')`.
 */
export function openBackend(url: string | null, options: BackendOptions): ResultBackend {
  if (url === null || url.startsWith('disabled')) return new DisabledBackend();
  if (isRedisUrl(url)) return new RedisBackend(url, options);
  throw new UmbelError(
    'unsupported',
    `No result backend for the URL "${maskUrl(url)}". Use redis://, rediss://, redis+socket:// or disabled://.`,
  );
}
