import { UmbelError } from '../contract/errors.ts';
import { backoffMs } from '../util/backoff.ts';
import type { Logger } from '../util/logger.ts';
import type { Service } from '../util/service.ts';
import { ConnectionLost, isNoMaster, messageOf } from './failures.ts';
import { Link, type LinkEvents } from './link.ts';
import { checkIsMaster, findMaster } from './sentinel.ts';
import { clusterRefused, readServerInfo } from './server-info.ts';
import { ServerList } from './server-list.ts';
import type { RedisAddress } from './url.ts';

/*
 * All connections that one owner has to one server, as one state machine:
 *
 *   idle ─start→ connecting ─→ up ─(any link closed, silent, or refused work)→ down ─→ connecting ─→ up …
 *                    └─ first time: start throws          └─ waits 50 ms to 1 s, for ever until stop
 *
 * Connections of a group depend on each other (the lane's wake-ups arrive at the subscriber), so they live and die
 * together: whatever fails, all are closed, all are opened again, and each member's `setup` runs in the order of
 * registration before the group is up again. A watchdog closes the group when the server does not answer.
 */

export interface GroupOptions {
  readonly address: RedisAddress;
  /** Other servers, tried in turn when the one before cannot be used. */
  readonly alternates?: readonly RedisAddress[];
  readonly logger: Logger;
  /** Limit for one connection attempt in milliseconds. Default 4000, as Celery's broker_connection_timeout. */
  readonly connectionTimeoutMs?: number;
}

export interface MemberOptions extends Partial<Omit<LinkEvents, 'onClosed'>> {
  readonly name: string;
  /** Runs on each new connection before the group counts as up. */
  readonly setup?: (link: Link) => Promise<void>;
}

interface Member {
  readonly link: Link;
  readonly setup: ((link: Link) => Promise<void>) | undefined;
}

type State = 'idle' | 'connecting' | 'up' | 'down' | 'stopped';

/** A question without an answer for this long means that the connection is dead (BLMOVE waits 1 s of it). */
const ANSWER_LIMIT_MS = 10_000;
const PING_AFTER_MS = 3_000;
const WATCH_EVERY_MS = 1_000;
const BACKOFF = { baseMs: 50, maxMs: 1_000, jitter: false };
/** A connection that stood this long was a good one: the next loss starts again with the shortest wait. */
const STABLE_MS = 2_000;

export class ConnectionGroup implements Service {
  readonly #servers: ServerList;
  /** Where the connections go: with sentinels, asked again each time. */
  #target: RedisAddress;
  /** What the server says about itself (`INFO server`), by name. */
  serverInfo: ReadonlyMap<string, string> = new Map();
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #members: Member[] = [];
  readonly #upListeners = new Set<(isFirst: boolean) => void>();
  readonly #downListeners = new Set<(reason: string) => void>();
  readonly #command: Link;
  #state: State = 'idle';
  #attempt = 0;
  #upSince = 0;
  #retry: NodeJS.Timeout | null = null;
  #watchdog: NodeJS.Timeout | null = null;
  #watchedAt = 0;
  #lastReason = '';

  constructor({ address, alternates = [], logger, connectionTimeoutMs = 4000 }: GroupOptions) {
    this.#servers = new ServerList(address, alternates);
    this.#target = address;
    this.#logger = logger;
    this.#timeoutMs = connectionTimeoutMs;
    this.#command = this.#register({ name: 'command' });
  }

  /** The server that is used, or tried next. */
  get address(): RedisAddress {
    return this.#servers.current;
  }

  /** The connection for ordinary commands. */
  get command(): Link {
    return this.#command;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Why the last connection ended or could not be made. */
  get lastReason(): string {
    return this.#lastReason;
  }

  /** Connects, once to each server at most. Throws `UmbelError('unavailable')`. */
  async start(): Promise<void> {
    if (this.#state !== 'idle') return;
    this.#state = 'connecting';
    const failures: string[] = [];
    while (failures.length < this.#servers.size) {
      try {
        await this.#connect();
        break;
      } catch (error) {
        this.#closeLinks();
        failures.push(`${this.address.display}: ${messageOf(error)}`);
        this.#servers.moveOn();
        const isOver = this.#state !== 'connecting' || failures.length === this.#servers.size;
        if (!isOver && !(error instanceof UmbelError)) continue;
        if (this.#state === 'connecting') this.#state = 'idle';
        if (error instanceof UmbelError) throw error;
        throw new UmbelError('unavailable', `Cannot connect to ${failures.join('; ')}.`, { cause: error });
      }
    }
    this.#rise(true);
    this.#watchedAt = performance.now();
    this.#watchdog = setInterval(() => this.#watch(), WATCH_EVERY_MS);
    this.#watchdog.unref();
  }

  async stop(): Promise<void> {
    const wasUp = this.isUp;
    this.#state = 'stopped';
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#watchdog) clearInterval(this.#watchdog);
    this.#closeLinks();
    if (wasUp) this.#tell(this.#downListeners, 'stopped');
    await Promise.resolve();
  }

  /** Calls back when the group is up (again), after all setups. Returns how to stop. */
  onUp(listener: (isFirst: boolean) => void): () => void {
    this.#upListeners.add(listener);
    return () => this.#upListeners.delete(listener);
  }

  onDown(listener: (reason: string) => void): () => void {
    this.#downListeners.add(listener);
    return () => this.#downListeners.delete(listener);
  }

  /** Adds a connection. It is open when this resolves; later it comes and goes with the group. */
  async add(options: MemberOptions): Promise<Link> {
    const link = this.#register(options);
    if (!this.isUp) return link;
    try {
      await link.open(this.#timeoutMs, this.#target);
      await options.setup?.(link);
    } catch (error) {
      if (error instanceof UmbelError) {
        this.remove(link);
        throw error;
      }
      this.drop(messageOf(error));
    }
    return link;
  }

  /** Closes a connection for good. */
  remove(link: Link): void {
    const index = this.#members.findIndex((member) => member.link === link);
    if (index >= 0) this.#members.splice(index, 1);
    link.close();
  }

  /** Gives up all connections and makes new ones, because of `reason`. */
  drop(reason: string): void {
    if (this.#state !== 'up') return;
    this.#state = 'down';
    this.#lastReason = reason;
    if (performance.now() - this.#upSince > STABLE_MS) this.#attempt = 0;
    this.#logger.warning(`Connection to ${this.address.display} lost: ${reason}. Connecting again.`);
    this.#closeLinks();
    this.#tell(this.#downListeners, reason);
    this.#retryLater();
  }

  /** As `drop`, because the server refused what it is for. One that is not the master is left for the next of the list. */
  refused(error: unknown): void {
    if (!this.isUp) return;
    this.drop(messageOf(error));
    if (isNoMaster(error)) this.#servers.moveOn();
  }

  #register({ name, setup, ...events }: MemberOptions): Link {
    const link = new Link(this.address, name, { ...events, onClosed: (reason) => this.drop(reason) });
    this.#members.push({ link, setup });
    return link;
  }

  #retryLater(): void {
    const wait = backoffMs(this.#attempt, BACKOFF);
    this.#attempt += 1;
    this.#retry = setTimeout(() => void this.#tryAgain(), wait);
  }

  async #tryAgain(): Promise<void> {
    if (this.#state !== 'down') return;
    this.#state = 'connecting';
    try {
      await this.#connect();
      if (this.#state === 'connecting') this.#rise(false);
      else this.#closeLinks();
    } catch (error) {
      this.#closeLinks();
      if (this.#state !== 'connecting') return;
      this.#state = 'down';
      const reason = messageOf(error);
      const log = reason === this.#lastReason ? this.#logger.debug : this.#logger.warning;
      log(`Cannot connect to ${this.address.display}: ${reason}. Trying again.`);
      this.#lastReason = reason;
      this.#servers.moveOn();
      this.#retryLater();
    }
  }

  async #connect(): Promise<void> {
    const members = [...this.#members];
    const oldIds = members.map(({ link }) => link.id).filter((id) => id > 0);
    const oldRun = this.serverInfo.get('run_id');
    this.#target = await findMaster(this.address, this.#timeoutMs);
    const opened = await Promise.allSettled(
      members.map(({ link }) => link.open(this.#timeoutMs, this.#target)),
    );
    const failed = opened.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    if (this.address.sentinels) await checkIsMaster(this.#command);
    this.serverInfo = await readServerInfo(this.#command);
    if (this.serverInfo.get('redis_mode') === 'cluster') throw clusterRefused(this.address.display);
    if (oldRun && this.serverInfo.get('run_id') === oldRun) await this.#killOld(oldIds);
    for (const { link, setup } of members) await setup?.(link);
    const late = this.#members.filter((member) => !members.includes(member));
    for (const { link, setup } of late) {
      await link.open(this.#timeoutMs, this.#target);
      await setup?.(link);
    }
    const closed = this.#members.find(({ link }) => !link.isOpen);
    if (closed) throw new ConnectionLost(`the ${closed.link.name} connection was closed`);
  }

  /**
   * After a loss that only one side noticed, the server may still hold what we sent on the old connections, and would
   * run it later: a fetch whose messages nobody would know of. Ids are unique for the life of a server process.
   */
  async #killOld(ids: readonly number[]): Promise<void> {
    const kills = ids.map((id) => this.#command.call('client', ['kill', 'id', id]));
    for (const outcome of await Promise.allSettled(kills)) {
      if (outcome.status === 'rejected' && outcome.reason instanceof ConnectionLost) throw outcome.reason;
    }
  }

  #rise(isFirst: boolean): void {
    this.#state = 'up';
    this.#upSince = performance.now();
    if (!isFirst) this.#logger.warning(`Connection to ${this.address.display} is back.`);
    this.#tell(this.#upListeners, isFirst);
  }

  #closeLinks(): void {
    for (const { link } of this.#members) link.close();
  }

  #tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of [...listeners]) listener(value);
  }

  #watch(): void {
    const now = performance.now();
    const wasLate = now - this.#watchedAt > WATCH_EVERY_MS * 2;
    this.#watchedAt = now;
    if (!this.isUp) return;
    for (const { link } of [...this.#members]) {
      if (wasLate) link.forgiveSilence(now);
      else if (link.silenceMs(now) > ANSWER_LIMIT_MS) {
        this.drop(`no answer on the ${link.name} connection for ${ANSWER_LIMIT_MS / 1000} s`);
        return;
      } else if (link.isOpen && link.idleMs(now) > PING_AFTER_MS) {
        // A failed ping closes the link, which drops the group.
        link.call('ping').catch(() => {});
      }
    }
  }
}
