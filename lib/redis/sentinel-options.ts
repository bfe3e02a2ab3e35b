import { UmbelError } from '../contract/errors.ts';
import { type RedisTls, readTls, TLS_PARAMETERS } from './tls.ts';

/** Who knows where the master is. */
export interface Sentinels {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly masterName: string;
  /** A sentinel that sees fewer others is not believed. */
  readonly minOtherSentinels: number;
  /** Login and TLS at the sentinels; those of the URL are the master's. */
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: RedisTls | null;
}

type Options = Readonly<Record<string, unknown>>;

/** kombu hands these to redis-py; here sentinels are asked within the limit of one connection attempt. */
const WITHOUT_EFFECT = /^(socket_|retry_on_|health_check_)/;

/** `master_name`, `min_other_sentinels` and `sentinel_kwargs` of the transport options. Throws `UmbelError('bad_config')`. */
export function readSentinelOptions(given: Options): Omit<Sentinels, 'nodes'> {
  const { master_name: masterName, min_other_sentinels: others = 0, sentinel_kwargs: kwargs = {} } = given;
  if (typeof masterName !== 'string' || masterName === '') {
    throw bad(
      'sentinel:// needs the name of the master: set { master_name: "mymaster" } in broker_transport_options and result_backend_transport_options.',
    );
  }
  if (typeof others !== 'number' || !Number.isInteger(others) || others < 0) {
    throw bad('min_other_sentinels must be a whole number, 0 or more.');
  }
  if (!isRecord(kwargs)) throw bad('sentinel_kwargs must be an object such as { password: "…" }.');
  const { username, password, ssl, ...rest } = kwargs;
  const unknown = Object.keys(rest).find(
    (name) => !TLS_PARAMETERS.includes(name) && !WITHOUT_EFFECT.test(name),
  );
  if (unknown !== undefined) {
    throw bad(`sentinel_kwargs does not know "${unknown}". There are: username, password, ssl, ssl_….`);
  }
  const tls = Object.fromEntries(Object.entries(rest).filter(([name]) => TLS_PARAMETERS.includes(name)));
  return {
    masterName,
    minOtherSentinels: others,
    username: textOrNull(username),
    password: textOrNull(password),
    tls: ssl === true ? readTls(true, new URLSearchParams(), tls) : null,
  };
}

function isRecord(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOrNull(value: unknown): string | null {
  return value === undefined || value === null || value === '' ? null : String(value);
}

function bad(message: string): UmbelError {
  return new UmbelError('bad_config', message);
}
