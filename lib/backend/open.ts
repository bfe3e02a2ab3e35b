import { UmbelError } from '../contract/errors.ts';
import { isRedisUrl } from '../redis/url.ts';
import { maskUrl } from '../util/mask.ts';
import type { BackendOptions, ResultBackend } from './backend.ts';
import { DisabledBackend } from './disabled.ts';
import { isKeyValueUrl, KeyValueBackend } from './key-value/key-value-backend.ts';
import { RedisBackend } from './redis/redis-backend.ts';
import { isRpcUrl, RpcBackend, type RpcParts } from './rpc/rpc-backend.ts';
import { SqlBackend } from './sql/sql-backend.ts';
import { isDatabaseUrl } from './sql/url.ts';

/**
 * The backend for a URL, not started; null and `disabled://` give one that stores nothing. `rpc://` needs the broker.
 * Throws `UmbelError('unsupported')` or `UmbelError('bad_config')`.
 */
export function openBackend(url: string | null, options: BackendOptions, rpc?: RpcParts): ResultBackend {
  if (url === null || url.startsWith('disabled')) return new DisabledBackend();
  if (isRpcUrl(url) && rpc) return new RpcBackend(rpc, options);
  if (isRedisUrl(url)) return new RedisBackend(url, options);
  if (isDatabaseUrl(url)) return new SqlBackend(url, options);
  if (isKeyValueUrl(url)) return new KeyValueBackend(url, options);
  throw new UmbelError(
    'unsupported',
    `No result backend for the URL "${maskUrl(url)}". Use redis://, rediss://, redis+socket://, sentinel://, rpc://, db+postgresql://, db+mysql://, db+sqlite:///, file:/// or disabled://.`,
  );
}
