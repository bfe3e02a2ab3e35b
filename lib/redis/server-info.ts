import { UmbelError } from '../contract/errors.ts';
import { ConnectionLost } from './failures.ts';
import type { Link } from './link.ts';

/** What the server says about itself (`INFO server`), by name. */
export async function readServerInfo(link: Link): Promise<Map<string, string>> {
  const info = new Map<string, string>();
  try {
    for (const line of String(await link.call('info', ['server'])).split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) info.set(line.slice(0, colon), line.slice(colon + 1));
    }
  } catch (error) {
    // A server that refuses INFO (an ACL) is used without knowing its version.
    if (error instanceof ConnectionLost) throw error;
  }
  return info;
}

/** A queue and what is noted of its messages would lie on different nodes: no script could take from one. */
export function clusterRefused(display: string): UmbelError {
  return new UmbelError(
    'unsupported',
    `${display} is a node of a Redis Cluster, which kombu's layout of queues does not fit. Use one Redis, or Sentinel for a spare.`,
  );
}
