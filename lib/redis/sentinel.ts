import { UmbelError } from '../contract/errors.ts';
import { ConnectionLost, isReply, messageOf } from './failures.ts';
import { Link } from './link.ts';
import type { Sentinels } from './sentinel-options.ts';
import type { RedisAddress } from './url.ts';

/**
 * Where the master is now: what the first sentinel says that sees it up and enough other sentinels (redis-py's
 * `check_master_state`). An address without sentinels is its own master. Throws `ConnectionLost`.
 */
export async function findMaster(address: RedisAddress, timeoutMs: number): Promise<RedisAddress> {
  const { sentinels } = address;
  if (sentinels === null) return address;
  const { username, password, tls } = sentinels;
  const login = { username, password, tls };
  const asked = sentinels.nodes.map(async ({ host, port }) => {
    try {
      return await ask({ ...address, ...login, host, port, db: 0 }, sentinels, timeoutMs);
    } catch (error) {
      if (error instanceof UmbelError) throw error;
      throw new ConnectionLost(`${host}:${port} says: ${messageOf(error)}`);
    }
  });
  try {
    return { ...address, ...(await Promise.any(asked)) };
  } catch (error) {
    const reasons: unknown[] = error instanceof AggregateError ? error.errors : [error];
    const refusal = reasons.find((reason) => reason instanceof UmbelError);
    if (refusal) throw refusal;
    const said = reasons.map(messageOf).join('; ');
    throw new ConnectionLost(`no sentinel knows a working master "${sentinels.masterName}" (${said})`);
  }
}

/** Throws `ConnectionLost` when a sentinel sent us to a server that is not the master any more, or not yet. */
export async function checkIsMaster(link: Link): Promise<void> {
  // A server that refuses ROLE (an ACL) is believed.
  const role = await link.call('role').catch((error: unknown) => {
    if (isReply(error)) return null;
    throw error;
  });
  if (Array.isArray(role) && role[0] !== 'master') {
    throw new ConnectionLost(`the server that the sentinels name is a ${String(role[0])}, not the master`);
  }
}

async function ask(
  sentinel: RedisAddress,
  { masterName, minOtherSentinels }: Sentinels,
  timeoutMs: number,
): Promise<{ host: string; port: number }> {
  const link = new Link(sentinel, 'sentinel', { onClosed: () => {} });
  const timer = setTimeout(() => link.close(), timeoutMs);
  try {
    await link.open(timeoutMs);
    const state = pairs(await link.call('sentinel', ['master', masterName]));
    const flags = state.get('flags') ?? '';
    if (!/\bmaster\b/.test(flags) || /_down|disconnected/.test(flags)) {
      throw new ConnectionLost(`the master is ${flags || 'unknown'}`);
    }
    const others = Number(state.get('num-other-sentinels') ?? 0);
    if (others < minOtherSentinels) {
      throw new ConnectionLost(`it sees ${others} other sentinels, not ${minOtherSentinels}`);
    }
    return { host: state.get('ip') ?? '', port: Number(state.get('port')) };
  } finally {
    clearTimeout(timer);
    link.close();
  }
}

/** `[name, value, name, value, …]` as RESP2 has a map. */
function pairs(reply: unknown): Map<string, string> {
  const flat: unknown[] = Array.isArray(reply) ? reply : [];
  const found = new Map<string, string>();
  for (let index = 0; index + 1 < flat.length; index += 2) {
    found.set(String(flat[index]), String(flat[index + 1]));
  }
  return found;
}
