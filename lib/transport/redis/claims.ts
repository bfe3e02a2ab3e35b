import { messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { Logger } from '../../util/logger.ts';
import { Claim } from './claim.ts';
import type { ClaimRegistry } from './claim-registry.ts';
import type { Keys } from './keys.ts';

export interface ClaimsOptions {
  readonly keys: Keys;
  readonly registry: ClaimRegistry;
  readonly logger: Logger;
  /** As that of leases: nobody else can have been given what is ours. */
  readonly isSure: () => boolean;
  /** Takes over what a wait has brought; it is written when this has returned. */
  readonly onClaim: (claim: Claim, text: string) => void;
  /** It is written: booked, unless it was acked before. */
  readonly onWritten: () => void;
}

/** What the waits of one lane bring: at most one message at a time is not written yet. */
export class Claims {
  readonly #options: ClaimsOptions;
  #unwritten: Claim | null = null;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** Not yet, or the connection was lost meanwhile, or the server has refused it. */
  get hasUnwritten(): boolean {
    return this.#unwritten !== null;
  }

  /** What a wait for this queue brings will have this tag. Once this has resolved, the wait may begin. */
  async prepare(queue: string, tag: string): Promise<Claim> {
    const { keys, registry, isSure } = this.#options;
    const name = registry.nameFor(queue);
    if (!registry.has(name) || !isSure()) await registry.add(name);
    return new Claim({ tag, queue, list: keys.claimed(name) });
  }

  /** The message starts before this returns, unless it may not be ours any more, or `isWanted` is false. */
  take(link: Link, claim: Claim, text: string, isWanted: boolean): Promise<Error | null> {
    const { isSure, onClaim, logger } = this.#options;
    if (!isWanted || !isSure()) claim.giveBack();
    else {
      try {
        onClaim(claim, text);
      } catch (error) {
        logger.error(`A message was taken, but not accepted: ${messageOf(error)}`);
      }
    }
    this.#unwritten = claim;
    return this.write(link);
  }

  /** The connection was lost while this was waited for: if it came, it goes back. */
  giveBack(claim: Claim): void {
    claim.giveBack();
    this.#unwritten = claim;
  }

  /** Answers with what the connection or the server has against it; it is to be written again then. Never rejects. */
  write(link: Link): Promise<Error | null> {
    const claim = this.#unwritten;
    if (claim === null) return Promise.resolve(null);
    return new Promise((resolve) => {
      const written = (): void => {
        this.#unwritten = null;
        this.#options.onWritten();
        resolve(null);
      };
      claim.write(link, this.#options.keys, { resolve: written, reject: resolve });
    });
  }

  /** The connection is a new one. */
  startAnew(): void {
    this.#options.registry.startAnew();
  }

  /** The lane has stopped. Rejects with `ConnectionLost` when the broker is away: its lists are swept then. */
  async close(): Promise<void> {
    if (this.#unwritten === null) await this.#options.registry.remove();
  }
}
