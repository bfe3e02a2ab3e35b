import type { Monitor } from '../../lib/monitor/monitor.ts';
import type { Logger } from '../../lib/util/logger.ts';
import type { ClusterLink } from './cluster-link.ts';
import type { Inspector } from './inspector.ts';
import { Interval } from './interval.ts';

const EVERY_MS = 300;

/** Meets workers as they come: asks them to send events, and how they are. */
export class Greeter {
  readonly #link: ClusterLink;
  readonly #inspector: Inspector;
  readonly #monitor: Monitor;
  readonly #interval: Interval;
  /** Start of the online time for which a worker was greeted. */
  readonly #greeted = new Map<string, number>();
  readonly #waiting = new Set<string>();

  constructor(link: ClusterLink, inspector: Inspector, monitor: Monitor, logger: Logger) {
    this.#link = link;
    this.#inspector = inspector;
    this.#monitor = monitor;
    this.#interval = new Interval(EVERY_MS, logger, () => this.#greet());
  }

  start(): void {
    this.#interval.start();
  }

  async stop(): Promise<void> {
    await this.#interval.stop();
  }

  /** A worker changed: whoever was not there before is greeted soon. */
  note(name: string): void {
    const worker = this.#monitor.workers.get(name);
    if (!worker || worker.status === 'offline') {
      this.#greeted.delete(name);
      return;
    }
    const came = worker.facts.startedAt ?? 0;
    if (this.#greeted.get(name) === came) return;
    this.#greeted.set(name, came);
    this.#waiting.add(name);
  }

  /** Asks everybody for a sign of life and for events; who answers is greeted by name. */
  async wakeAll(): Promise<void> {
    this.#greeted.clear();
    await this.#link.tell('enable_events');
    await this.#link.tell('heartbeat');
  }

  async #greet(): Promise<void> {
    if (this.#waiting.size === 0 || !this.#link.isConnected) return;
    const names = [...this.#waiting];
    this.#waiting.clear();
    await this.#link.tell('enable_events', names);
    await this.#inspector.refresh(names);
  }
}
