import type { Redis, RedisOptions } from 'ioredis';
import { ioredis } from './library.ts';
import { tlsOptions } from './tls.ts';
import type { RedisAddress } from './url.ts';

export interface ConnectOptions {
  /** Shown by `CLIENT LIST`. */
  readonly name: string;
  /** Milliseconds for TCP and TLS to stand. */
  readonly timeoutMs: number;
}

const KEEPALIVE_MS = 15_000;

/**
 * A client that is not connected yet and never connects again by itself: `ConnectionGroup` decides when, because what
 * must be repeated after a loss differs from command to command. It speaks RESP2, in which the server sends
 * invalidations of tracked keys as messages of a channel.
 */
export function createClient(address: RedisAddress, { name, timeoutMs }: ConnectOptions): Redis {
  const where = address.path ? { path: address.path } : { host: address.host, port: address.port };
  const options: Omit<RedisOptions, 'replyMapping'> = {
    ...where,
    db: address.db,
    protocol: 2,
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: null,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    connectionName: name,
    connectTimeout: timeoutMs,
    keepAlive: KEEPALIVE_MS,
    noDelay: true,
  };
  if (address.username) options.username = address.username;
  if (address.password) options.password = address.password;
  if (address.tls) options.tls = tlsOptions(address.tls);
  const { Redis: Client } = ioredis();
  return new Client(options);
}
