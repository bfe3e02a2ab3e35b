import { readFileSync } from 'node:fs';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { toError, UmbelError } from '../contract/errors.ts';
import { isCertificateChecked } from '../util/certificate-requirement.ts';
import type { AmqpAddress } from './url.ts';

/** What py-amqp takes (amqp/transport.py `SSLTransport`), as far as Node has it, and `check_hostname`. */
const PARAMETERS = [
  'ca_certs',
  'certfile',
  'keyfile',
  'cert_reqs',
  'check_hostname',
  'server_hostname',
  'ciphers',
];

/**
 * For `tls.connect`: TLS as `broker_use_ssl` and `amqps://…?ssl_cert_reqs=` have it; the URL's parameters win. The
 * server's certificate is checked unless `cert_reqs` is `none`. null: no TLS. Throws `UmbelError('bad_config')`.
 */
export function tlsOptions(
  address: AmqpAddress,
  setting: boolean | Readonly<Record<string, unknown>>,
): ConnectionOptions | null {
  if (!address.isTls && setting === false) return null;
  const given: Record<string, unknown> = {
    ...(typeof setting === 'object' ? setting : {}),
    ...address.tlsParameters,
  };
  const unknown = Object.keys(given).find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    throw new UmbelError(
      'bad_config',
      `TLS of RabbitMQ does not know "${unknown}". There are: ${PARAMETERS.join(', ')}.`,
    );
  }
  const name = text(given['server_hostname']);
  const ciphers = text(given['ciphers']);
  return {
    rejectUnauthorized: isCertificateChecked(given['cert_reqs'] ?? 'required', 'cert_reqs'),
    ...file(given, 'ca_certs', 'ca'),
    ...file(given, 'certfile', 'cert'),
    ...file(given, 'keyfile', 'key'),
    ...(ciphers && { ciphers }),
    ...(name && { servername: name, checkServerIdentity: (_host, cert) => checkServerIdentity(name, cert) }),
    ...(isOff(given['check_hostname']) && { checkServerIdentity: () => undefined }),
  };
}

function isOff(value: unknown): boolean {
  return /^(false|0|no)$/i.test(String(value ?? true));
}

function text(value: unknown): string | null {
  return value === undefined || value === null || value === '' ? null : String(value);
}

function file(given: Readonly<Record<string, unknown>>, name: string, key: string): Record<string, Buffer> {
  const path = text(given[name]);
  if (path === null) return {};
  try {
    return { [key]: readFileSync(path) };
  } catch (error) {
    throw new UmbelError('bad_config', `The file of ${name} cannot be read: ${toError(error).message}.`);
  }
}
