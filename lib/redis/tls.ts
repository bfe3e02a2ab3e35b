import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { toError, UmbelError } from '../contract/errors.ts';
import { isCertificateChecked } from '../util/certificate-requirement.ts';

/** How a Redis server proves who it is, and we to it. */
export interface RedisTls {
  readonly isVerified: boolean;
  readonly isHostChecked: boolean;
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** Celery's `broker_use_ssl` and `redis_backend_use_ssl`: true, or an object of the parameters below. */
export type TlsSetting = boolean | Readonly<Record<string, unknown>>;

/** What redis-py calls the parameters of TLS, in URLs and in settings. */
export const TLS_PARAMETERS: readonly string[] = [
  'ssl_cert_reqs',
  'ssl_ca_certs',
  'ssl_certfile',
  'ssl_keyfile',
  'ssl_check_hostname',
];

/**
 * TLS of a connection: parameters of the URL win over the setting. null: no TLS. Without `ssl_cert_reqs` the certificate
 * is checked when a setting asks for TLS (redis-py), and not for a bare `rediss://` (kombu).
 * Throws `UmbelError('bad_config')`.
 */
export function readTls(
  isTlsUrl: boolean,
  parameters: URLSearchParams,
  setting: TlsSetting = false,
): RedisTls | null {
  if (!isTlsUrl && setting === false) return null;
  const given: Record<string, unknown> = {
    ...(typeof setting === 'object' ? setting : {}),
    ...Object.fromEntries([...parameters].filter(([name]) => TLS_PARAMETERS.includes(name))),
  };
  const unknown = Object.keys(given).find((name) => !TLS_PARAMETERS.includes(name));
  if (unknown !== undefined) {
    throw bad(`TLS of Redis does not know "${unknown}". There are: ${TLS_PARAMETERS.join(', ')}.`);
  }
  const needed = given['ssl_cert_reqs'] ?? (setting === false ? 'none' : 'required');
  const isVerified = isCertificateChecked(needed, 'ssl_cert_reqs');
  return {
    isVerified,
    isHostChecked: isVerified && !/^(false|0|no)$/i.test(String(given['ssl_check_hostname'] ?? 'true')),
    caFile: text(given['ssl_ca_certs']),
    certFile: text(given['ssl_certfile']),
    keyFile: text(given['ssl_keyfile']),
  };
}

/** For `tls.connect`. Reads the files. Throws `UmbelError('bad_config')`. */
export function tlsOptions(tls: RedisTls): ConnectionOptions {
  const options: ConnectionOptions = { rejectUnauthorized: tls.isVerified };
  if (!tls.isHostChecked) options.checkServerIdentity = () => undefined;
  if (tls.caFile) options.ca = read('ssl_ca_certs', tls.caFile);
  if (tls.certFile) options.cert = read('ssl_certfile', tls.certFile);
  if (tls.keyFile) options.key = read('ssl_keyfile', tls.keyFile);
  return options;
}

function text(value: unknown): string | null {
  return value === undefined || value === null || value === '' ? null : String(value);
}

function read(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw bad(`The file of ${name} cannot be read: ${toError(error).message}.`);
  }
}

function bad(message: string): UmbelError {
  return new UmbelError('bad_config', message);
}
