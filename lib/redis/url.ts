import { UmbelError } from '../contract/errors.ts';
import { maskUrl } from '../util/mask.ts';
import { isLoginUnclear, LOGIN_HINT } from '../util/url-login.ts';
import { readSentinelOptions, type Sentinels } from './sentinel-options.ts';
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
  /** `sentinel://`: these tell where the master is; host and port are the first one's. */
  readonly sentinels: Sentinels | null;
  /** The URL without its password. */
  readonly display: string;
}

const SCHEMES = new Set(['redis:', 'rediss:', 'redis+socket:', 'sentinel:']);
const SENTINEL_PORT = 26379;

/** What settings add to a URL. */
export interface RedisUrlOptions {
  /** `broker_use_ssl` or `redis_backend_use_ssl`. Default false. */
  readonly useSsl?: TlsSetting | undefined;
  /** `broker_transport_options` or `result_backend_transport_options`: what `sentinel://` needs. */
  readonly transportOptions?: Readonly<Record<string, unknown>> | undefined;
}
const PARAMETERS = new Set(['virtual_host', ...TLS_PARAMETERS]);

/** Whether `url` is one that `parseRedisUrl` reads. */
export function isRedisUrl(url: string): boolean {
  return SCHEMES.has(schemeOf(url));
}

/**
 * Reads `redis://user:password@host:port/db`, `rediss://…`, `redis+socket:///path?virtual_host=db` and a list
 * `sentinel://host:port/db;sentinel://host:port` as kombu does: login and database of a list are those of its first URL.
 * Throws `UmbelError('bad_config')`. Other options belong into the transport options, not into the URL.
 */
export function parseRedisUrl(url: string, options: RedisUrlOptions = {}): RedisAddress {
  const display = maskUrl(url);
  if (schemeOf(url) !== 'sentinel:') return parseOne(url, display, options);
  const [first, ...others] = url.split(';').map((part) => parseOne(part, display, options));
  if (!first) throw bad(display, 'it is empty');
  if (others.some(({ db }) => db !== 0 && db !== first.db)) {
    throw bad(display, 'the database belongs to the first URL of the list');
  }
  const nodes = [first, ...others].map(({ host, port }) => ({ host, port }));
  return { ...first, sentinels: { nodes, ...readSentinelOptions(options.transportOptions ?? {}) } };
}

/**
 * Reads one URL as `parseRedisUrl`, or several for failover with `;` between them (kombu/utils/url.py). All must name
 * the same database: its number is part of the channels for events. Throws `UmbelError('bad_config')`.
 */
export function parseRedisUrls(
  urls: string,
  options: RedisUrlOptions = {},
): readonly [RedisAddress, ...RedisAddress[]] {
  if (schemeOf(urls) === 'sentinel:') return [parseRedisUrl(urls, options)];
  const [first = '', ...others] = urls
    .split(';')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  const isMixed = others.some((url) => schemeOf(url) === 'sentinel:');
  const addresses = [
    parseRedisUrl(first, options),
    ...(isMixed ? [] : others.map((url) => parseRedisUrl(url, options))),
  ] as const;
  if (isMixed || addresses.some(({ db }) => db !== addresses[0].db)) {
    throw bad(maskUrl(urls), 'all URLs of a list must be plain Redis servers and name the same database');
  }
  return addresses;
}

function parseOne(url: string, display: string, { useSsl }: RedisUrlOptions): RedisAddress {
  const scheme = schemeOf(url);
  if (scheme !== 'redis+socket:' && isLoginUnclear(url)) throw bad(display, LOGIN_HINT);
  const parsed = parse(url, display);
  for (const name of parsed.searchParams.keys()) {
    if (!PARAMETERS.has(name)) {
      throw bad(display, `it does not know the parameter "${name}". Set it in the transport options`);
    }
  }
  const isSocket = scheme === 'redis+socket:';
  const path = decodeURIComponent(parsed.pathname);
  const defaultPort = scheme === 'sentinel:' ? SENTINEL_PORT : 6379;
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: parsed.port ? Number(parsed.port) : defaultPort,
    db: readDb(isSocket ? (parsed.searchParams.get('virtual_host') ?? '') : path.replace(/^\//, ''), display),
    username: unquote(parsed.username) || null,
    password: unquote(parsed.password) || null,
    path: isSocket ? path : null,
    tls: isSocket ? null : readTls(scheme === 'rediss:', parsed.searchParams, useSsl),
    sentinels: null,
    display,
  };
}

function schemeOf(url: string): string {
  return url
    .trimStart()
    .slice(0, url.trimStart().indexOf(':') + 1)
    .toLowerCase();
}

/** A `%` that begins no escape stands for itself, as in Python. */
function unquote(text: string): string {
  return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
}

function parse(url: string, display: string): URL {
  if (!isRedisUrl(url))
    throw bad(display, 'it must begin with redis://, rediss://, redis+socket:// or sentinel://');
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
  return authority
    .replaceAll('\\', '%5C')
    .replace(/(^|@)(:\d+)?$/, (_, login: string, port = '') => `${login}127.0.0.1${port}`);
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
