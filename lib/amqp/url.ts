import { UmbelError } from '../contract/errors.ts';
import { maskUrl } from '../util/mask.ts';
import { isLoginUnclear, LOGIN_ENCODING, LOGIN_HINT } from '../util/url-login.ts';

/** Where a RabbitMQ is and how to log in. */
export interface AmqpAddress {
  readonly host: string;
  readonly port: number;
  readonly vhost: string;
  readonly username: string;
  readonly password: string;
  readonly isTls: boolean;
  /** `ssl_*` parameters of the URL, without the prefix. */
  readonly tlsParameters: Readonly<Record<string, string>>;
  /** Seconds; null when the URL does not say. */
  readonly heartbeat: number | null;
  readonly connectTimeout: number | null;
  /** SASL mechanism; null: PLAIN. */
  readonly loginMethod: string | null;
  /** The URL without its password. */
  readonly display: string;
}

const SCHEMES: Readonly<Record<string, { readonly isTls: boolean; readonly port: number }>> = {
  amqp: { isTls: false, port: 5672 },
  pyamqp: { isTls: false, port: 5672 },
  amqps: { isTls: true, port: 5671 },
};
const TLS_PARAMETERS = ['cert_reqs', 'ca_certs', 'certfile', 'keyfile', 'check_hostname'];

/** Whether `url`, or the first of a `;` list, is one that `parseAmqpUrls` reads. */
export function isAmqpUrl(url: string): boolean {
  return SCHEMES[schemeOf(url)] !== undefined;
}

/**
 * Reads `amqp://user:password@host:5672/vhost?heartbeat=10`, or several for failover, separated by `;`, as kombu does
 * (kombu/utils/url.py): login, host and vhost are percent-encoded, one `/` before the vhost is not part of it, and no
 * vhost means `/`. Throws `UmbelError('bad_config')`.
 */
export function parseAmqpUrls(urls: string): AmqpAddress[] {
  const list = urls.split(';').map((url) => url.trim());
  // Errors show the whole list: a piece of a password with a `;` in it would not be taken for one.
  const shown = maskUrl(urls);
  return list.filter((url) => url !== '').map((url) => parseAmqpUrl(url, shown));
}

function parseAmqpUrl(url: string, shown: string): AmqpAddress {
  if (isLoginUnclear(url)) throw bad(shown, LOGIN_HINT);
  const kind = SCHEMES[schemeOf(url)];
  const parts = /^[^:]+:\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(url);
  if (!kind || !parts) throw bad(shown, `write amqp://user:password@host:5672/vhost. ${LOGIN_ENCODING}`);
  const [, authority = '', path = '', query = ''] = parts;
  const at = authority.lastIndexOf('@');
  const [username, password] = readLogin(at < 0 ? '' : authority.slice(0, at));
  const { host, port } = readHost(authority.slice(at + 1), shown);
  const { tlsParameters, ...parameters } = readParameters(query, shown);
  return {
    host,
    port: port ?? kind.port,
    vhost: readVhost(path),
    username,
    password,
    isTls: kind.isTls,
    tlsParameters,
    ...parameters,
    display: maskUrl(url),
  };
}

function schemeOf(url: string): string {
  return url
    .trim()
    .slice(0, Math.max(0, url.trim().indexOf('://')))
    .toLowerCase();
}

function readLogin(login: string): [username: string, password: string] {
  if (login === '') return ['guest', 'guest'];
  const colon = login.indexOf(':');
  if (colon < 0) return [unquote(login), login === 'guest' ? 'guest' : ''];
  return [unquote(login.slice(0, colon)), unquote(login.slice(colon + 1))];
}

function readHost(text: string, shown: string): { host: string; port: number | null } {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(text) ?? [];
  if (bracketed === undefined && plain === '' && text !== '' && port === undefined) {
    throw bad(shown, `its host and port cannot be read. ${LOGIN_ENCODING}`);
  }
  const number = port ? Number(port) : null;
  if (number !== null && (number < 1 || number > 65_535)) throw bad(shown, `there is no port ${port}`);
  return { host: bracketed ?? (unquote(plain) || '127.0.0.1'), port: number };
}

function readVhost(path: string): string {
  return unquote(path.replace(/^\//, '')) || '/';
}

function readParameters(
  query: string,
  shown: string,
): Pick<AmqpAddress, 'heartbeat' | 'connectTimeout' | 'loginMethod' | 'tlsParameters'> {
  const parameters = new URLSearchParams(query);
  const tlsParameters: Record<string, string> = {};
  for (const [name, value] of parameters) {
    const key = name.replace(/^ssl_/, '');
    if (name.startsWith('ssl_') && TLS_PARAMETERS.includes(key)) tlsParameters[key] = value;
    else if (!['heartbeat', 'connect_timeout', 'login_method'].includes(name)) {
      const what = /^[a-z_]+$/i.test(name) ? `the parameter "${name}"` : 'one of its parameters';
      throw bad(shown, `it does not know ${what}. Set it in the transport options`);
    }
  }
  return {
    heartbeat: seconds(parameters, 'heartbeat', shown),
    connectTimeout: seconds(parameters, 'connect_timeout', shown),
    loginMethod: parameters.get('login_method') || null,
    tlsParameters,
  };
}

function seconds(parameters: URLSearchParams, name: string, shown: string): number | null {
  const text = parameters.get(name);
  if (text === null || text === '') return null;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw bad(shown, `${name} must be a number of seconds, not "${text}"`);
}

/** Percent-decodes as Python's `unquote`: what is no valid escape stays as it is. */
export function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

function bad(shown: string, reason: string): UmbelError {
  return new UmbelError('bad_config', `The URL ${shown} is no use: ${reason}.`);
}
