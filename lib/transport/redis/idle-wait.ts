import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { isReply, messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { Logger } from '../../util/logger.ts';

const WAIT_SECONDS = 1;
/** Between two looks at lists that cannot wake us. */
const BLIND_WAIT_SECONDS = 0.25;
const UNBLOCK_AGAIN_MS = 2;

/**
 * How a lane waits for messages in many lists and takes none: `BLMOVE k k RIGHT RIGHT` returns when list k has one.
 * Every other list wakes it by client tracking: the fetch before has read all lengths, so the server tells the
 * subscriber of the next change in any of them, and the command connection ends the wait with `CLIENT UNBLOCK`.
 */
export class IdleWait {
  readonly #group: ConnectionGroup;
  readonly #logger: Logger;
  /** The connection whose wait has not returned yet. */
  #waiting: { readonly link: Link } | null = null;
  #failure: Error | null = null;
  #isUnblocking = false;
  /** A list has changed since the last fetch was sent. */
  #hasNews = false;
  #canTrack = true;

  constructor(group: ConnectionGroup, logger: Logger) {
    this.#group = group;
    this.#logger = logger;
  }

  /** Lets the server tell `subscriber` of changes in the lists that `link` has read. */
  async track(link: Link, subscriber: Link): Promise<void> {
    try {
      await link.call('client', ['tracking', 'on', 'redirect', subscriber.id, 'noloop']);
      this.#canTrack = true;
    } catch (error) {
      if (!isReply(error)) throw error;
      this.#loseTracking(messageOf(error));
    }
  }

  /** Whether a list has changed since this was asked last. */
  takeNews(): boolean {
    const hasNews = this.#hasNews;
    this.#hasNews = false;
    return hasNews;
  }

  /** A list that the wait does not see has a message, or will be looked at by the fetch to come. */
  otherListChanged(): void {
    this.#hasNews = true;
    this.end();
  }

  /**
   * Begins to wait for list `key`. Send the fetch right behind it: it is in the server's hands when the wait ends, so
   * that a message costs one round trip. Replies of one connection come in order: with the fetch's the wait is over.
   */
  begin(link: Link, key: string, isOnly: boolean): void {
    const current = { link };
    this.#waiting = current;
    const seconds = this.#canTrack || isOnly ? WAIT_SECONDS : BLIND_WAIT_SECONDS;
    const ended = (failure: Error | null): void => {
      this.#failure = failure;
      if (this.#waiting === current) this.#waiting = null;
    };
    const resolve = (): void => ended(null);
    link.callThen('blmove', [key, key, 'RIGHT', 'RIGHT', seconds], {
      resolve,
      reject: ended,
      form: 'nothing',
    });
  }

  /** Why the last wait ended badly; null when it did not. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Ends the wait under way, if there is one. */
  end(): void {
    if (this.#waiting) void this.#unblock(this.#waiting);
  }

  async #unblock(waiting: { readonly link: Link }): Promise<void> {
    if (this.#isUnblocking) return;
    this.#isUnblocking = true;
    this.#hasNews = false;
    try {
      // The answer 0 means that the wait has not reached the server yet, or is over.
      while (this.#waiting === waiting && this.#group.isUp) {
        if (Number(await this.#group.command.call('client', ['unblock', waiting.link.id])) === 1) break;
        await new Promise((resolve) => setTimeout(resolve, UNBLOCK_AGAIN_MS));
      }
    } catch (error) {
      if (isReply(error)) this.#loseTracking(messageOf(error));
    } finally {
      this.#isUnblocking = false;
    }
    if (this.#waiting !== waiting && this.#waiting && this.#hasNews) void this.#unblock(this.#waiting);
  }

  #loseTracking(reason: string): void {
    if (!this.#canTrack) return;
    this.#canTrack = false;
    this.#logger.warning(
      `Redis does not tell of new messages (${reason}): with several queues or priorities they are looked for ` +
        `every ${BLIND_WAIT_SECONDS} s. Allow CLIENT TRACKING and CLIENT UNBLOCK to start them at once.`,
    );
  }
}
