import { toError } from '../contract/errors.ts';
import type { CeleryEvent } from '../protocol/event.ts';
import type { LamportClock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';

export interface ElectionsOptions {
  readonly hostname: string;
  readonly clock: LamportClock;
  /** Sends an event of ours to all workers. */
  readonly send: (type: string, fields: Readonly<Record<string, unknown>>) => void;
  /** What the winner does, by topic. */
  readonly actions: Readonly<Record<string, (action: unknown) => Promise<void> | void>>;
  readonly logger: Logger;
}

interface Candidate {
  /** Below zero for one of ours. */
  readonly clock: number;
  /** `<hostname>.<pid>`: decides between equal clocks. */
  readonly name: string;
  readonly topic: string;
  readonly action: unknown;
}

interface Election {
  readonly candidates: Candidate[];
  /** Workers that have voted. */
  readonly acks: Set<string>;
  /** Each votes once for each candidate. */
  ackCount: number;
  /** When we stood, by our own clock that never goes back, milliseconds; null when we do not stand. */
  stoodAt: number | null;
  /** Workers of Celery can have concluded among themselves. */
  isTheirs: boolean;
}

const MAX_ELECTIONS = 100;
const MAX_CANDIDATES = 5000;

/** Ours stand so many ticks before their time. */
const AHEAD = 2 ** 40;

/** Who is alive votes at once and who is dead is missed sooner: this is for workers without gossip. */
const PATIENCE_MS = 10_000;

/**
 * Elects one of all workers to do something once (celery/worker/consumer/gossip.py). Everybody who gets the command
 * `election` stands for it with a `worker-elect` event and acknowledges that of each other; when all workers that are
 * there have acknowledged, the candidate with the lowest clock has won and acts. Celery's crashes with one worker;
 * here a single one elects itself.
 *
 * A worker of Celery does not wait for all: it counts acknowledgements, many of one worker too. So it may decide before
 * it has heard every candidate, even itself, and name another winner than we do: then nobody would act, or two. Hence
 * ours stand before their time, and a worker of Celery that has heard one of us knows that it has not won. Where those
 * of Celery can have decided before they heard us, the election is theirs.
 */
export class Elections {
  readonly #options: ElectionsOptions;
  readonly #elections = new Map<string, Election>();

  constructor(options: ElectionsOptions) {
    this.#options = options;
  }

  /** Stands for an election: the command `election`. */
  stand(id: string, topic: string, action: unknown): void {
    const { clock, send } = this.#options;
    this.#ensure(id).stoodAt = performance.now();
    send('worker-elect', { id, topic, action, cver: 1, clock: clock.forward() - AHEAD });
  }

  onElect({ id, clock, hostname, pid, topic, action }: CeleryEvent): void {
    if (typeof id !== 'string' || typeof clock !== 'number' || typeof topic !== 'string') {
      this.#options.logger.error(`An election request of ${hostname} lacks its id, clock or topic.`);
      return;
    }
    // Who stands after hearing one of us shall have a later clock.
    if (clock < 0) this.#options.clock.adjust(clock + AHEAD);
    const election = this.#ensure(id);
    const { candidates, isTheirs } = election;
    if (candidates.length >= MAX_CANDIDATES) return;
    const isLate = isTheirs && clock < 0;
    if (!isLate) candidates.push({ clock, name: `${hostname}.${String(pid)}`, topic, action });
    this.#options.send('worker-elect-ack', { id });
  }

  /** `peers`: the other workers that are there. */
  onAck({ id, hostname }: CeleryEvent, peers: readonly string[]): void {
    const election = typeof id === 'string' ? this.#elections.get(id) : undefined;
    if (typeof id !== 'string' || election === undefined) return;
    election.acks.add(hostname);
    election.ackCount += 1;
    election.isTheirs ||= isDecided(election, peers.length);
    this.#conclude(id, election, peers);
  }

  /** From time to time: nobody waits for the vote of a worker that has gone, nor for ever for any. */
  onLook(peers: readonly string[]): void {
    const patientSince = performance.now() - PATIENCE_MS;
    for (const [id, election] of [...this.#elections]) {
      const isWaiting = election.stoodAt !== null && election.stoodAt > patientSince;
      this.#conclude(id, election, isWaiting ? peers : []);
    }
  }

  #ensure(id: string): Election {
    let election = this.#elections.get(id);
    if (election === undefined) {
      election = { candidates: [], acks: new Set(), ackCount: 0, stoodAt: null, isTheirs: false };
      this.#elections.set(id, election);
      const oldest = this.#elections.keys().next().value;
      if (this.#elections.size > MAX_ELECTIONS && oldest !== undefined) this.#elections.delete(oldest);
    }
    return election;
  }

  #conclude(id: string, { candidates, acks, stoodAt }: Election, peers: readonly string[]): void {
    const { hostname, logger, actions } = this.#options;
    const winner = candidates.reduce<Candidate | null>(
      (best, one) => (best === null || isBefore(one, best) ? one : best),
      null,
    );
    if (stoodAt === null || winner === null || ![hostname, ...peers].every((name) => acks.has(name))) return;
    this.#elections.delete(id);
    if (winner.name !== `${hostname}.${process.pid}`) {
      logger.info(`node ${winner.name} elected for ${id}`);
      return;
    }
    logger.info(`I won the election ${id}`);
    const act = Object.hasOwn(actions, winner.topic) ? actions[winner.topic] : undefined;
    if (act === undefined) {
      logger.error(`Unknown election topic ${winner.topic}. Known are ${Object.keys(actions).join(', ')}.`);
      return;
    }
    void this.#act(act, winner.action);
  }

  async #act(act: (action: unknown) => Promise<void> | void, action: unknown): Promise<void> {
    try {
      await act(action);
    } catch (error) {
      this.#options.logger.error(`The action of an election failed: ${toError(error).message}`);
    }
  }
}

/** Whether those of Celery can have concluded before they heard one of ours: with two candidates and a vote per peer. */
function isDecided({ candidates, ackCount }: Election, peers: number): boolean {
  return candidates.length >= 2 && ackCount >= peers && candidates.every(({ clock }) => clock >= 0);
}

function isBefore(a: Candidate, b: Candidate): boolean {
  return a.clock === b.clock ? a.name < b.name : a.clock < b.clock;
}
