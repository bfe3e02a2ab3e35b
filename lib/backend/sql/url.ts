import { UmbelError } from '../../contract/errors.ts';
import { maskUrl } from '../../util/mask.ts';
import { isLoginUnclear, LOGIN_HINT } from '../../util/url-login.ts';

/** Where a result database is. */
export interface DatabaseAddress {
  readonly kind: 'postgresql' | 'mysql' | 'sqlite';
  readonly host: string;
  /** null: the default of the database. */
  readonly port: number | null;
  readonly user: string;
  readonly password: string;
  /** Of SQLite the path of the file. */
  readonly database: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** The URL without its password. */
  readonly display: string;
}

const KINDS: Readonly<Record<string, DatabaseAddress['kind']>> = {
  postgresql: 'postgresql',
  postgres: 'postgresql',
  mysql: 'mysql',
  mariadb: 'mysql',
  sqlite: 'sqlite',
};

const PARAMETERS: Readonly<Record<DatabaseAddress['kind'], readonly string[]>> = {
  postgresql: ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host', 'application_name', 'options'],
  mysql: ['charset', 'unix_socket', 'ssl_ca', 'ssl_cert', 'ssl_key', 'ssl_check_hostname'],
  sqlite: [],
};

/** A server, and how many connections one process may have to it. */
export interface DatabaseServer extends DatabaseAddress {
  readonly poolSize: number;
  /** Milliseconds for one attempt to connect. */
  readonly timeoutMs: number;
}

export function isDatabaseUrl(url: string): boolean {
  return /^db\+/i.test(url);
}

/**
 * Reads Celery's `db+` URLs, which are SQLAlchemy's: `db+postgresql+psycopg2://user:password@host:5432/name`; a driver
 * behind the second plus is Python's and passed over. User and password are percent-encoded; an `@` may also stand as it is.
 * Throws `UmbelError('bad_config')`.
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  const display = maskUrl(url);
  const match = /^db\+([a-z]+)(?:\+\w+)?:\/\/(.*)$/is.exec(url);
  const kind = KINDS[match?.[1]?.toLowerCase() ?? ''];
  if (!match || !kind) {
    throw bad(display, 'it must begin with db+postgresql://, db+mysql:// or db+sqlite:///');
  }
  const rest = match[2] ?? '';
  if (kind === 'sqlite') return sqlite(rest, display);
  if (isLoginUnclear(url)) throw bad(display, LOGIN_HINT);
  return server(kind, rest, display);
}

function sqlite(rest: string, display: string): DatabaseAddress {
  const path = rest.replace(/\?.*$/s, '');
  if (!path.startsWith('/') || path === '/' || path === '/:memory:') {
    const hint =
      'it names no file. Write db+sqlite:///results.db, or cache+memory:// to keep results in memory';
    throw bad(display, hint);
  }
  return {
    kind: 'sqlite',
    host: '',
    port: null,
    user: '',
    password: '',
    database: unquote(path.slice(1)),
    parameters: readParameters('sqlite', rest, display),
    display,
  };
}

function server(kind: 'postgresql' | 'mysql', rest: string, display: string): DatabaseAddress {
  const match =
    /^(?:([^:/?#]*)(?::([^/?#]*))?@)?(\[[^\]]*\]|[^:/?#@]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?.*)?$/s.exec(rest);
  if (!match) {
    const hint =
      'it cannot be read. In user and password write %2F for /, %3F for ?, %23 for # and %3A for :';
    throw bad(display, hint);
  }
  const [, user = '', password = '', host = '', port = '', database = ''] = match;
  if (database === '') throw bad(display, 'it names no database. Write …/name at its end');
  return {
    kind,
    host: host.replace(/^\[|\]$/g, '') || 'localhost',
    port: port === '' ? null : Number(port),
    user: unquote(user),
    password: unquote(password),
    database: unquote(database),
    parameters: readParameters(kind, rest, display),
    display,
  };
}

function readParameters(
  kind: DatabaseAddress['kind'],
  rest: string,
  display: string,
): ReadonlyMap<string, string> {
  const parameters = new Map(new URLSearchParams(/\?(.*)$/s.exec(rest)?.[1] ?? ''));
  for (const name of parameters.keys()) {
    if (!PARAMETERS[kind].includes(name)) {
      const known = PARAMETERS[kind].join(', ') || 'none';
      throw bad(display, `it does not know the parameter "${name}" (known: ${known})`);
    }
  }
  return parameters;
}

/** A `%` that begins no escape stands for itself, as in Python. */
function unquote(text: string): string {
  try {
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    return text;
  }
}

function bad(display: string, reason: string): UmbelError {
  return new UmbelError('bad_config', `The result backend ${display} is no use: ${reason}.`);
}
