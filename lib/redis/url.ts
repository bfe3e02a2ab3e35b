import { UmbelError } from '../contract/errors.ts';
import { maskUrl } from '../util/mask.ts';
import { type RedisTls, readTls, TLS_PARAMETERS, type TlsSetting } from './tls.ts';

/** Where a Redis server is and how to log in. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
  /** Unix socket; host and port then mean nothing. */
  readonly path: string | null;
  /** null: no TLS. */
  readonly tls: RedisTls | null;
  /** The URL without its password. */
  readonly display: string;
}

const SCHEMES = new Set(['redis:', 'rediss:', 'redis+socket:']);
const PARAMETERS = new Set(['virtual_host', ...TLS_PARAMETERS]);

/** Whether `url` is one that `parseRedisUrl` reads. */
export function isRedisUrl(url: string): boolean {
  return SCHEMES.has(url.slice(0, url.indexOf(':') + 1).toLowerCase());
}

/**
 * Reads `redis://user:password@host:port/db`, `rediss://…` and `redis+socket:///path?virtual_host=db` as kombu does.
 * `tlsSetting` is `broker_use_ssl` or `redis_backend_use_ssl`. Throws `UmbelError('bad_config')`. Other options belong into the transport options, not into the URL.
 */
export function parseRedisUrl(url: string, tlsSetting: TlsSetting = false): RedisAddress {
  const display = maskUrl(url);
  const parsed = parse(url, display);
  const scheme = url.slice(0, url.indexOf(':') + 1).toLowerCase();
  for (const name of parsed.searchParams.keys()) {
    if (!PARAMETERS.has(name)) {
      throw bad(display, `it does not know the parameter "${name}". Set it in the transport options`);
    }
  }
  const isSocket = scheme === 'redis+socket:';
  const path = decodeURIComponent(parsed.pathname);
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: parsed.port ? Number(parsed.port) : 6379,
    db: readDb(isSocket ? (parsed.searchParams.get('virtual_host') ?? '') : path.replace(/^\//, ''), display),
    username: unquote(parsed.username) || null,
    password: unquote(parsed.password) || null,
    path: isSocket ? path : null,
    tls: isSocket ? null : readTls(scheme === 'rediss:', parsed.searchParams, tlsSetting),
    display,
  };
}

/** A `%` that begins no escape stands for itself, as in Python. */
function unquote(text: string): string {
  return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
}

function parse(url: string, display: string): URL {
  if (!isRedisUrl(url)) throw bad(display, 'it must begin with redis://, rediss:// or redis+socket://');
  try {
    // The URL parser reads host and port of known schemes only.
    return new URL(
      url.replace(/^[^:]*:\/\/([^/?#]*)/, (_, authority: string) => `http://${hosted(authority)}`),
    );
  } catch {
    throw bad(display, 'it cannot be read. Write redis://:password@host:6379/0');
  }
}

/** The authority with a host, which may be left out before a port or after a login. */
function hosted(authority: string): string {
  return authority.replace(/(^|@)(:\d+)?$/, (_, login: string, port = '') => `${login}127.0.0.1${port}`);
}

function readDb(text: string, display: string): number {
  const name = text.replace(/^\//, '');
  if (name === '') return 0;
  if (!/^\d+$/.test(name)) throw bad(display, `the database must be a number such as 0, not "${name}"`);
  return Number(name);
}

function bad(display: string, reason: string): UmbelError {
  return new UmbelError('bad_config', `The URL ${display} is no use: ${reason}.`);
}
