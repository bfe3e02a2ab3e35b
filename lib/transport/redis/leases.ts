import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { ConnectionLost, messageOf } from '../../redis/failures.ts';
import type { Logger } from '../../util/logger.ts';
import type { Bindings } from './bindings.ts';
import { parkedEntry, readBooking, redelivered, stepOf } from './booking.ts';
import type { ClaimRegistry } from './claim-registry.ts';
import type { Keys } from './keys.ts';
import type { Ledger } from './ledger.ts';
import type { RedisTransportOptions } from './options.ts';
import { EXPIRED, PARK, RENEW, RESTORE, TAG_PREFIX } from './scripts.ts';

export interface LeasesOptions {
  readonly group: ConnectionGroup;
  readonly keys: Keys;
  readonly bindings: Bindings;
  readonly ledger: Ledger;
  readonly claims: ClaimRegistry;
  /** Resolves when every message that was taken is booked. */
  readonly booked: () => Promise<void>;
  readonly logger: Logger;
  readonly options: RedisTransportOptions;
}

/** A message in `unacked` whose holder has not renewed it. */
interface Orphan {
  readonly tag: string;
  readonly score: string;
  readonly booking: string | null;
}

const RENEW_CHUNK = 1000;
/** Of a lease, in which we trust our own clock; the rest is for the way to the broker. */
const SURE_SHARE = 5 / 6;
const CONFIRM_AGAIN_MS = 100;
const SWEEP_LIMIT = 100;
const MAX_ROUNDS = 20;

/**
 * Renews what this consumer holds, and brings back what others held when they died: Umbel's by the lease, everybody
 * else's by the visibility timeout. The score is compared again when a message is taken, so that two sweepers, or a
 * holder that renews just now, do no harm.
 */
export class Leases {
  readonly #options: LeasesOptions;
  #renewTimer: NodeJS.Timeout | null = null;
  #sweepTimer: NodeJS.Timeout | null = null;
  /** Nothing that was booked before this time can have been taken from us for a whole lease. */
  #renewedAt = performance.now();
  /** The same for what came while a renewal was under way, and was not among what it renewed. */
  #missedAt = Number.POSITIVE_INFINITY;
  #confirming: Promise<void> | null = null;
  #unsubscribe: (() => void) | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  start(): void {
    const { options, group } = this.#options;
    this.#renewTimer = setInterval(() => void this.#renew(), (options.lease * 1000) / 3);
    this.#unsubscribe = group.onUp(() => void this.#renew());
    this.#sweepNow();
  }

  async stop(): Promise<void> {
    if (this.#renewTimer) clearInterval(this.#renewTimer);
    if (this.#sweepTimer) clearTimeout(this.#sweepTimer);
    this.#renewTimer = null;
    this.#sweepTimer = null;
    this.#unsubscribe?.();
    await this.#sweeping;
  }

  /** Nobody else can have been given what is held here: its lease was renewed in time. */
  get isSure(): boolean {
    return performance.now() - this.#renewedAt < this.#options.options.lease * 1000 * SURE_SHARE;
  }

  /** Messages were booked at this time, in milliseconds of `performance.now()`, but come only now. */
  bookedAt(atMs: number): void {
    this.#renewedAt = Math.min(this.#renewedAt, atMs);
    this.#missedAt = Math.min(this.#missedAt, atMs);
  }

  /** After a lapse: asks which messages are still ours and drops the others. Waits for the broker. */
  confirm(): Promise<void> {
    this.#confirming ??= this.#confirm().finally(() => {
      this.#confirming = null;
    });
    return this.#confirming;
  }

  async #confirm(): Promise<void> {
    while (this.#renewTimer && !this.isSure) {
      await this.#renew();
      if (!this.isSure) await new Promise((resolve) => setTimeout(resolve, CONFIRM_AGAIN_MS));
    }
  }

  async #renew(): Promise<void> {
    const { group, ledger, claims, booked, keys, logger } = this.#options;
    if (!group.isUp) return;
    const hadLapsed = !this.isSure;
    // Or it would be missed below, and given up.
    if (hadLapsed) await booked();
    const startedAt = performance.now();
    this.#missedAt = Number.POSITIVE_INFINITY;
    const gone: string[] = [];
    try {
      for (const some of ledger.chunks(RENEW_CHUNK)) {
        const reply = await group.command.run(RENEW, [keys.unackedIndex], some);
        if (Array.isArray(reply)) gone.push(...reply.map(String));
      }
      await claims.renew();
      // Without a lapse nobody may have taken them: the broker has lost its data, and they are ours to finish.
      if (hadLapsed) for (const tag of gone) ledger.take(tag);
      this.#renewedAt = Math.min(startedAt, this.#missedAt);
    } catch (error) {
      // After a loss `onUp` renews at once.
      if (!(error instanceof ConnectionLost)) logger.error(`Cannot renew leases: ${messageOf(error)}`);
    }
  }

  #sweepNow(): void {
    this.#sweeping = this.#sweep().catch((error: unknown) => {
      if (!(error instanceof ConnectionLost)) {
        this.#options.logger.error(`Cannot look for messages of lost workers: ${messageOf(error)}`);
      }
    });
    void this.#sweeping.then(() => this.#sweepLater());
  }

  /** Every half lease, spread so that many workers do not sweep at once. */
  #sweepLater(): void {
    if (!this.#renewTimer) return;
    const wait = this.#options.options.lease * 500 * (0.75 + Math.random() / 2);
    this.#sweepTimer = setTimeout(() => this.#sweepNow(), wait);
  }

  async #sweep(): Promise<void> {
    const { group, bindings, claims, logger, options } = this.#options;
    if (!group.isUp) return;
    bindings.rewrite();
    await claims.sweep(options.lease);
    let restored = 0;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const orphans = await this.#find();
      if (orphans.length === 0) break;
      restored += await this.#restore(orphans);
    }
    if (restored > 0) logger.warning(`Put back ${restored} message(s) of workers that are gone.`);
  }

  /** In the order in which they go to the front: the oldest last, so that it runs first. */
  async #find(): Promise<Orphan[]> {
    const { group, keys, options, ledger } = this.#options;
    const reply = await group.command.run(
      EXPIRED,
      [keys.unacked, keys.unackedIndex],
      [options.lease, options.visibilityTimeout, SWEEP_LIMIT],
    );
    const items: unknown[] = Array.isArray(reply) ? reply : [];
    const orphans: Orphan[] = [];
    for (let index = 0; index + 2 < items.length; index += 3) {
      const booking = items[index + 2];
      const tag = String(items[index]);
      // Our own are overdue only when this process was frozen; they are renewed by now or at once.
      if (ledger.has(tag)) continue;
      orphans.push({
        tag,
        score: String(items[index + 1]),
        booking: typeof booking === 'string' ? booking : null,
      });
    }
    return orphans.sort(byAge).reverse();
  }

  async #restore(orphans: readonly Orphan[]): Promise<number> {
    const args: string[] = [];
    let restored = 0;
    for (const orphan of orphans) {
      const target = await this.#target(orphan);
      if (!target) continue;
      const [first = this.#options.keys.parked, ...others] = target.lists;
      const move = [orphan.tag, first, `R${orphan.score}`, target.text];
      if (others.length === 0) args.push(...move);
      else restored += await this.#restoreToMany(move, others, target.text);
    }
    return args.length === 0 ? restored : restored + (await this.#runRestore(args));
  }

  /** A topic that leads to several queues: kombu puts the message back into each. */
  async #restoreToMany(move: readonly string[], others: readonly string[], text: string): Promise<number> {
    const restored = await this.#runRestore(move);
    // Another sweeper, or its holder, was faster: then the copies are not ours to send.
    if (restored === 0) return 0;
    for (const list of others) await this.#options.group.command.call('rpush', [list, text]);
    return restored;
  }

  async #runRestore(args: readonly string[]): Promise<number> {
    const { group, keys } = this.#options;
    return Number(await group.command.run(RESTORE, [keys.unacked, keys.unackedIndex], args));
  }

  /** Where an orphan goes back to; null when nobody can tell, and then it is parked. */
  async #target({ tag, booking }: Orphan): Promise<{ lists: string[]; text: string } | null> {
    const { keys } = this.#options;
    // Only the index knows the tag: nothing is pushed, the script just forgets it.
    if (booking === null) return { lists: [keys.parked], text: '' };
    const read = readBooking(booking);
    if (!read) {
      await this.#park(tag, '', 'its unacked entry cannot be read', booking);
      return null;
    }
    const { raw, exchange, routingKey } = read;
    const queues = exchange ? await this.#options.bindings.queuesOf(exchange, routingKey) : [routingKey];
    if (queues.length === 0) {
      const reason = `its worker is gone and no queue is bound to exchange "${exchange}" with "${routingKey}"`;
      await this.#park(tag, routingKey, reason, raw);
      return null;
    }
    const step = stepOf(raw, keys);
    return { lists: queues.map((queue) => keys.list(queue, step)), text: redelivered(raw) };
  }

  async #park(tag: string, queue: string, reason: string, text: string): Promise<void> {
    const { group, keys, logger } = this.#options;
    logger.warning(`Parked a message: ${reason}.`);
    await group.command.run(
      PARK,
      [keys.unacked, keys.unackedIndex, keys.parked],
      [tag, parkedEntry(queue, reason, text)],
    );
  }
}

/** By the time of delivery, then by the numbers in an Umbel tag: `umbel:<consumer>:<fetch>:<n>`. */
function byAge(a: Orphan, b: Orphan): number {
  const byScore = Number(a.score) - Number(b.score);
  if (byScore !== 0 || !a.tag.startsWith(TAG_PREFIX)) return byScore;
  const [, , fetchA, numberA] = a.tag.split(':');
  const [, , fetchB, numberB] = b.tag.split(':');
  return Number(fetchA) - Number(fetchB) || Number(numberA) - Number(numberB);
}
