import { readFileSync } from 'node:fs';
import { toError, UmbelError } from '../contract/errors.ts';
import type { AmqpAddress } from './url.ts';

/** What `tls.connect` takes; the URL's parameters win over `broker_use_ssl`. */
export interface TlsSocketOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly checkServerIdentity?: () => undefined;
}

/**
 * TLS as `broker_use_ssl` (`keyfile`, `certfile`, `ca_certs`, `cert_reqs`) and `amqps://…?ssl_cert_reqs=` have it. The
 * server's certificate is checked unless `cert_reqs` is `none`. null: no TLS. Throws `UmbelError('bad_config')`.
 */
export function tlsOptions(
  address: AmqpAddress,
  setting: boolean | Readonly<Record<string, unknown>>,
): TlsSocketOptions | null {
  if (!address.isTls && setting === false) return null;
  const given: Record<string, unknown> = {
    ...(typeof setting === 'object' ? setting : {}),
    ...address.tlsParameters,
  };
  const requirement = String(given['cert_reqs'] ?? 'required').replace(/^(ssl\.)?CERT_/i, '');
  // Python's ssl.CERT_NONE is 0, and an optional certificate is what a client never sees.
  const isVerified = !/^(none|0|optional|1)$/i.test(requirement);
  const isHostChecked = !/^(false|0)$/i.test(String(given['check_hostname'] ?? 'true'));
  return {
    rejectUnauthorized: isVerified,
    ...file(given, 'ca_certs', 'ca'),
    ...file(given, 'certfile', 'cert'),
    ...file(given, 'keyfile', 'key'),
    ...(!isHostChecked && { checkServerIdentity: () => undefined }),
  };
}

function file(given: Readonly<Record<string, unknown>>, name: string, key: string): Record<string, Buffer> {
  const path = given[name];
  if (path === undefined || path === null || path === '') return {};
  try {
    return { [key]: readFileSync(String(path)) };
  } catch (error) {
    throw new UmbelError('bad_config', `The file of ${name} cannot be read: ${toError(error).message}.`);
  }
}
