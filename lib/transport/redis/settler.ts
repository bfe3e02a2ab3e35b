import { messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { Outbox } from '../../redis/outbox.ts';
import type { Logger } from '../../util/logger.ts';
import { originOf, parkedEntry, redelivered } from './booking.ts';
import type { Claim } from './claim.ts';
import type { Keys } from './keys.ts';
import type { Entry, Origin } from './ledger.ts';
import { ACK, PARK, RESTORE } from './scripts.ts';

/** `front`: runs next, for what was not started; `back`: behind the others, for a requeue. */
export type Side = 'front' | 'back';

const MAX_TAGS = 1000;
const MAX_RESTORED = 200;

/** Writes settlements in batches. Each script may run twice without harm, so they are kept over a lost connection. */
export class Settler {
  readonly #outbox: Outbox;
  readonly #keys: Keys;
  readonly #logger: Logger;
  #acked: string[] = [];
  #front: Entry[] = [];
  #back: Entry[] = [];
  #parked: { readonly entry: Entry; readonly reason: string }[] = [];
  readonly #writing = new Set<Promise<void>>();
  /** Taken, but not booked yet. */
  #claim: Claim | null = null;

  constructor(outbox: Outbox, keys: Keys, logger: Logger) {
    this.#outbox = outbox;
    this.#keys = keys;
    this.#logger = logger;
  }

  ack(entry: Entry): void {
    if (this.#claim?.tag === entry.tag) this.#claim.ack(() => this.#acked.push(entry.tag));
    else this.#acked.push(entry.tag);
  }

  restore(entry: Entry, side: Side): void {
    this.#whenBooked(entry, () => (side === 'front' ? this.#front : this.#back).push(entry));
  }

  park(entry: Entry, reason: string): void {
    this.#whenBooked(entry, () => this.#parked.push({ entry, reason }));
  }

  /** This message is not booked before `claimed` is called. */
  claim(claim: Claim): void {
    this.#claim = claim;
  }

  claimed(): void {
    const claim = this.#claim;
    this.#claim = null;
    claim?.end();
  }

  /** Resolves when every message that was taken is booked. */
  async booked(): Promise<void> {
    const claim = this.#claim;
    if (claim !== null) await new Promise<void>((resolve) => claim.whenBooked(resolve));
  }

  /** Writes what was settled since the last call. */
  write(): void {
    if (this.#acked.length > 0) this.#writeAcks();
    if (this.#back.length > 0) this.#writeBack();
    if (this.#front.length > 0) this.#writeFront();
    if (this.#parked.length > 0) this.#writeParked();
  }

  /** Resolves when everything settled so far is written. */
  async flush(): Promise<void> {
    this.write();
    await this.booked();
    this.write();
    await Promise.all(this.#writing);
  }

  #whenBooked(entry: Entry, settle: () => void): void {
    if (this.#claim?.tag === entry.tag) this.#claim.whenBooked(settle);
    else settle();
  }

  #writeAcks(): void {
    const tags = this.#acked;
    this.#acked = [];
    const keys = [this.#keys.unacked, this.#keys.unackedIndex];
    for (let first = 0; first < tags.length; first += MAX_TAGS) {
      const some = tags.slice(first, first + MAX_TAGS);
      this.#send('acknowledge messages', (link) => link.run(ACK, keys, some));
    }
  }

  #writeBack(): void {
    const entries = this.#back;
    this.#back = [];
    this.#writeRestores(entries, 'L');
  }

  #writeFront(): void {
    // Pushed to the front one by one: the last of them runs first.
    const entries = this.#front.sort((a, b) => b.number - a.number);
    this.#front = [];
    this.#writeRestores(entries, 'R');
  }

  #writeRestores(entries: readonly Entry[], side: 'L' | 'R'): void {
    const keys = [this.#keys.unacked, this.#keys.unackedIndex];
    for (let first = 0; first < entries.length; first += MAX_RESTORED) {
      const some = entries.slice(first, first + MAX_RESTORED);
      this.#send('put messages back', async (link) => {
        const origins = await this.#origins(link, some);
        const args = some.flatMap(({ tag }, index) => {
          const origin = origins[index];
          return origin ? [tag, origin.key, side, redelivered(origin.raw)] : [];
        });
        return args.length > 0 ? link.run(RESTORE, keys, args) : 0;
      });
    }
  }

  #writeParked(): void {
    const parked = this.#parked;
    this.#parked = [];
    const keys = [this.#keys.unacked, this.#keys.unackedIndex, this.#keys.parked];
    for (let first = 0; first < parked.length; first += MAX_RESTORED) {
      const some = parked.slice(first, first + MAX_RESTORED);
      this.#send('park messages', async (link) => {
        const origins = await this.#origins(
          link,
          some.map(({ entry }) => entry),
        );
        const args = some.flatMap(({ entry, reason }, index) => [
          entry.tag,
          parkedEntry(origins[index]?.queue ?? '', reason, origins[index]?.raw ?? ''),
        ]);
        return link.run(PARK, keys, args);
      });
    }
  }

  /** Where the messages came from; of held ones that is read back. null: the server no longer has it. */
  async #origins(link: Link, entries: readonly Entry[]): Promise<(Origin | null)[]> {
    const missing = entries.filter(({ origin }) => origin === null).map(({ tag }) => tag);
    if (missing.length === 0) return entries.map(({ origin }) => origin);
    const reply = await link.call('hmget', [this.#keys.unacked, ...missing]);
    const bookings: unknown[] = Array.isArray(reply) ? reply : [];
    let next = 0;
    return entries.map(({ origin }) => {
      if (origin !== null) return origin;
      next += 1;
      return originOf(bookings[next - 1], this.#keys);
    });
  }

  #send(what: string, attempt: (link: Link) => Promise<unknown>): void {
    const writing: Promise<void> = this.#outbox.send(attempt, { what }).then(
      () => this.#done(writing),
      (error: unknown) => {
        this.#done(writing);
        // They stay booked: when the lease ends, another worker gets them.
        this.#logger.error(`Settlements were not written and will be delivered again: ${messageOf(error)}`);
      },
    );
    this.#writing.add(writing);
  }

  #done(writing: Promise<void>): void {
    this.#writing.delete(writing);
  }
}
