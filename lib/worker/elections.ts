import { toError } from '../contract/errors.ts';
import type { CeleryEvent } from '../protocol/event.ts';
import type { Logger } from '../util/logger.ts';

export interface ElectionsOptions {
  readonly hostname: string;
  /** Sends an event of ours to all workers. */
  readonly send: (type: string, fields: Readonly<Record<string, unknown>>) => void;
  /** What the winner does, by topic. */
  readonly actions: Readonly<Record<string, (action: unknown) => Promise<void> | void>>;
  readonly logger: Logger;
}

interface Candidate {
  readonly clock: number;
  /** `<hostname>.<pid>`: decides between equal clocks. */
  readonly name: string;
  readonly topic: string;
  readonly action: unknown;
}

interface Election {
  readonly candidates: Candidate[];
  /** Workers that have seen the candidates. */
  readonly acks: Set<string>;
  /** We stand ourselves, so we have to know how it ends. */
  isOurs: boolean;
}

const MAX_ELECTIONS = 100;
const MAX_CANDIDATES = 5000;

/**
 * Elects one of all workers to do something once (celery/worker/consumer/gossip.py). Everybody who gets the command
 * `election` stands for it with a `worker-elect` event and acknowledges that of each other; when all workers that are
 * there have acknowledged, the candidate with the lowest clock has won and acts. Celery's crashes with one worker;
 * here a single one elects itself.
 */
export class Elections {
  readonly #options: ElectionsOptions;
  readonly #elections = new Map<string, Election>();

  constructor(options: ElectionsOptions) {
    this.#options = options;
  }

  /** Stands for an election: the command `election`. */
  stand(id: string, topic: string, action: unknown): void {
    this.#ensure(id).isOurs = true;
    this.#options.send('worker-elect', { id, topic, action, cver: 1 });
  }

  onElect({ id, clock, hostname, pid, topic, action }: CeleryEvent): void {
    if (typeof id !== 'string' || typeof clock !== 'number' || typeof topic !== 'string') {
      this.#options.logger.error(`An election request of ${hostname} lacks its id, clock or topic.`);
      return;
    }
    const election = this.#ensure(id);
    if (election.candidates.length >= MAX_CANDIDATES) return;
    election.candidates.push({ clock, name: `${hostname}.${String(pid)}`, topic, action });
    this.#options.send('worker-elect-ack', { id });
  }

  /** `peers`: the other workers that are there. */
  onAck({ id, hostname }: CeleryEvent, peers: readonly string[]): void {
    const election = typeof id === 'string' ? this.#elections.get(id) : undefined;
    if (typeof id !== 'string' || election === undefined) return;
    election.acks.add(hostname);
    this.#conclude(id, election, peers);
  }

  /** A worker has gone: nobody waits for its vote. */
  onPeers(peers: readonly string[]): void {
    for (const [id, election] of [...this.#elections]) this.#conclude(id, election, peers);
  }

  #ensure(id: string): Election {
    let election = this.#elections.get(id);
    if (election === undefined) {
      election = { candidates: [], acks: new Set(), isOurs: false };
      this.#elections.set(id, election);
      const oldest = this.#elections.keys().next().value;
      if (this.#elections.size > MAX_ELECTIONS && oldest !== undefined) this.#elections.delete(oldest);
    }
    return election;
  }

  #conclude(id: string, { candidates, acks, isOurs }: Election, peers: readonly string[]): void {
    const { hostname, logger, actions } = this.#options;
    const winner = candidates.reduce<Candidate | null>(
      (best, one) => (best === null || isBefore(one, best) ? one : best),
      null,
    );
    if (!isOurs || winner === null || ![hostname, ...peers].every((name) => acks.has(name))) return;
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

function isBefore(a: Candidate, b: Candidate): boolean {
  return a.clock === b.clock ? a.name < b.name : a.clock < b.clock;
}
