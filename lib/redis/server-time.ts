import { ProtocolError } from './failures.ts';
import type { Link } from './link.ts';

/** The server's own time, in seconds since the epoch, with fractions. Rejects with `ProtocolError` when it tells none. */
export async function serverSeconds(link: Link): Promise<number> {
  const reply = await link.call('time');
  const [seconds = Number.NaN, micros = Number.NaN] = Array.isArray(reply) ? reply.map(Number) : [];
  const time = seconds + micros / 1e6;
  if (Number.isNaN(time)) throw new ProtocolError('the answer to TIME is no time');
  return time;
}
