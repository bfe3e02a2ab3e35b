import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { serverSeconds } from '../../redis/server-time.ts';
import { uuid } from '../../util/clock.ts';
import { BOOK } from './claim-scripts.ts';
import type { Keys } from './keys.ts';
import { RENEW, TAG_PREFIX } from './scripts.ts';

const SWEEP_LIMIT = 1000;
/** No wait lasts that long: when a lease has lapsed for it, nothing more can come into the list. */
const WAIT_MARGIN_SECONDS = 2;
/** For so long TCP may go on bringing the server a wait whose sender is gone: the list is looked at once more then. */
const LATE_SECONDS = 900;
/** Marks the names of lists that have been swept once. */
const LATE = '!';

/**
 * The lists into which waits move messages, `<consumer>:<connection>:<queue>`. The sorted set `umbel.claims` has each
 * with the time, in seconds, at which its owner was last alive: what an owner leaves behind is found there.
 */
export class ClaimRegistry {
  readonly #group: ConnectionGroup;
  readonly #keys: Keys;
  readonly #consumer: string;
  readonly #names = new Set<string>();
  #connection = 0;

  constructor(group: ConnectionGroup, keys: Keys, consumer: string) {
    this.#group = group;
    this.#keys = keys;
    this.#consumer = consumer;
  }

  /** The list for waits of the present connection. */
  nameFor(queue: string): string {
    return `${this.#consumer}:${this.#connection}:${queue}`;
  }

  /** Whether a message in this list comes back when this process dies; as long as `renew` is called within the lease. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  async add(name: string): Promise<void> {
    await this.#mark([name]);
    this.#names.add(name);
  }

  /** The lists so far are not used any more: a wait that the server still has may move something into them. */
  startAnew(): void {
    this.#names.clear();
    this.#connection += 1;
  }

  async renew(): Promise<void> {
    if (this.#names.size === 0) return;
    const gone = await this.#group.command.run(RENEW, [this.#keys.claims], [...this.#names]);
    if (Array.isArray(gone) && gone.length > 0) await this.#mark(gone.map(String));
  }

  /** For a consumer that stops with nothing left in its lists. */
  async remove(): Promise<void> {
    const names = [...this.#names];
    this.#names.clear();
    if (names.length > 0) await this.#group.command.call('zrem', [this.#keys.claims, ...names]);
  }

  /** Books what owners that are gone have left behind, as overdue, so that it is put back like their bookings. */
  async sweep(leaseSeconds: number): Promise<void> {
    const { command } = this.#group;
    const { claims, unacked, unackedIndex } = this.#keys;
    const now = await serverSeconds(command);
    const overdue = now - leaseSeconds - WAIT_MARGIN_SECONDS;
    const range = [claims, '-inf', overdue, 'withscores', 'limit', 0, SWEEP_LIMIT];
    const reply = await command.call('zrangebyscore', range);
    const items = Array.isArray(reply) ? reply.map(String) : [];
    for (let index = 0; index + 1 < items.length; index += 2) {
      const [name = '', score = ''] = items.slice(index, index + 2);
      const isLate = name.startsWith(LATE);
      const list = this.#keys.claimed(isLate ? name.slice(LATE.length) : name);
      const again = isLate ? [] : [now + LATE_SECONDS, LATE + name];
      const tag = `${TAG_PREFIX}${uuid().slice(0, 8)}:0:0`;
      const keys = [unacked, unackedIndex, list, claims];
      await command.run(BOOK, keys, [tag, JSON.stringify(queueOf(name)), name, score, ...again]);
    }
  }

  async #mark(names: readonly string[]): Promise<void> {
    const { command } = this.#group;
    const now = await serverSeconds(command);
    await command.call('zadd', [this.#keys.claims, ...names.flatMap((name) => [now, name])]);
  }
}

function queueOf(name: string): string {
  return name.split(':').slice(2).join(':');
}
