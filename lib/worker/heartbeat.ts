import { loadavg, type as systemName } from 'node:os';
import type { EventDispatcher } from '../events/dispatcher.ts';
import type { Service } from '../util/service.ts';
import { VERSION } from '../util/version.ts';
import type { Ledger } from './ledger.ts';
import { SystemMeter } from './system-stats.ts';

export interface HeartbeatOptions {
  readonly dispatcher: EventDispatcher;
  readonly ledger: Ledger;
  /** Seconds between heartbeats; Celery's is 2. 0 says nothing, not that it starts nor that it ends. */
  readonly intervalSeconds: number;
  /** Our own fields, which Python ignores: pool, concurrency, queues, started_at. */
  readonly describe: () => Readonly<Record<string, unknown>>;
  readonly childPids: () => readonly number[];
  /** Told of each heartbeat. */
  readonly onSent?: () => void;
}

const SOFTWARE = { sw_ident: 'umbel', sw_ver: VERSION, sw_sys: systemName() };

/** Says that the worker is there: worker-online, worker-heartbeat, worker-offline (celery/worker/heartbeat.py). */
export class Heartbeat implements Service {
  readonly #options: HeartbeatOptions;
  readonly #meter: SystemMeter;
  #interval: NodeJS.Timeout | null = null;
  #isOnline = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#meter = new SystemMeter(options.childPids);
  }

  async start(): Promise<void> {
    const { intervalSeconds } = this.#options;
    if (intervalSeconds <= 0) return;
    this.#isOnline = true;
    await this.#send('worker-online');
    this.#interval = setInterval(() => void this.#send('worker-heartbeat'), intervalSeconds * 1000);
  }

  async stop(): Promise<void> {
    if (this.#interval !== null) clearInterval(this.#interval);
    this.#interval = null;
    this.#meter.stop();
    if (!this.#isOnline) return;
    this.#isOnline = false;
    await this.#send('worker-offline');
  }

  /** The answer to the remote command `heartbeat`: at once, with a wider interval, as Celery's. */
  beat(): void {
    const { dispatcher, ledger, describe } = this.#options;
    dispatcher.send('worker-heartbeat', {
      freq: 5,
      ...this.#counts(ledger),
      ...SOFTWARE,
      ...describe(),
    });
  }

  async #send(type: string): Promise<void> {
    const { dispatcher, ledger, describe, intervalSeconds } = this.#options;
    const stats = await this.#meter.read();
    dispatcher.send(type, {
      freq: intervalSeconds,
      ...this.#counts(ledger),
      ...SOFTWARE,
      ...describe(),
      ...stats,
    });
    this.#options.onSent?.();
  }

  #counts({ active, processed }: Ledger): Record<string, unknown> {
    return { active: active.size, processed, loadavg: loadavg().map((load) => Math.round(load * 100) / 100) };
  }
}
