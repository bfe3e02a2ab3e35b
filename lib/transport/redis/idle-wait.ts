import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { isReply, messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { Logger } from '../../util/logger.ts';

/** One wait of a lane. */
export interface Wait {
  readonly link: Link;
  readonly list: string;
  /** Where a message is moved to. */
  readonly target: string;
  /** There is no other list to look at. */
  readonly isOnly: boolean;
  /** It is about to be ended: what is sent on the link now is there when it is over. */
  readonly onEnding: () => void;
  /** With the message that has come; null: none. */
  readonly onEnd: (message: string | null) => void;
  readonly onError: (error: Error) => void;
}

const WAIT_SECONDS = 1;
/** Between two looks at lists that cannot wake us. */
const BLIND_WAIT_SECONDS = 0.25;
const UNBLOCK_AGAIN_MS = 2;

/**
 * How a lane waits for messages in many lists: `BLMOVE` moves the first that comes in one of them. Every other list wakes
 * it by client tracking: the fetch before has read all lengths, so the server tells the subscriber of the next change in
 * any of them, and the command connection ends the wait with `CLIENT UNBLOCK`.
 */
export class IdleWait {
  readonly #group: ConnectionGroup;
  readonly #logger: Logger;
  /** What has not returned yet. */
  #waiting: Wait | null = null;
  #isUnblocking = false;
  /** To be ended as well: it began while the end of the one before was not confirmed yet. */
  #next: Wait | null = null;
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

  /** Replies are handed on while they are being read. */
  begin(wait: Wait): void {
    this.#waiting = wait;
    const seconds = this.#canTrack || wait.isOnly ? WAIT_SECONDS : BLIND_WAIT_SECONDS;
    const resolve = (reply: unknown): void => {
      this.#over(wait);
      wait.onEnd(typeof reply === 'string' ? reply : null);
    };
    const reject = (error: Error): void => {
      this.#over(wait);
      wait.onError(error);
    };
    const args = [wait.list, wait.target, 'RIGHT', 'LEFT', seconds];
    wait.link.callThen('blmove', args, { resolve, reject, form: 'text' });
  }

  /** Ends the wait under way, if there is one. */
  end(): void {
    if (this.#waiting) void this.#unblock(this.#waiting);
  }

  #over(wait: Wait): void {
    if (this.#waiting === wait) this.#waiting = null;
  }

  async #unblock(waiting: Wait): Promise<void> {
    if (this.#isUnblocking) {
      this.#next = waiting;
      return;
    }
    this.#isUnblocking = true;
    this.#hasNews = false;
    waiting.onEnding();
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
    const next = this.#next;
    this.#next = null;
    if (next !== null && next !== waiting && next === this.#waiting) void this.#unblock(next);
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
