import { UmbelError } from '../../contract/errors.ts';
import type { ConnectionGroup } from '../../redis/connection-group.ts';

/** Throws `UmbelError('unsupported')` for a server on which messages cannot be taken. */
export function checkVersion({ serverInfo, address }: ConnectionGroup): void {
  const version = serverInfo.get('redis_version');
  const [major = 0, minor = 0] = (version ?? '6.2').split('.').map(Number);
  if (major > 6 || (major === 6 && minor >= 2)) return;
  throw new UmbelError(
    'unsupported',
    `Workers need Redis 6.2 or newer (BLMOVE, RPOP with a count); ${address.display} is ${version}.`,
  );
}
