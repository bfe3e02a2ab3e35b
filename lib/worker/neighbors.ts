import { apply } from '../app/canvas/apply.ts';
import type { Celery } from '../app/celery.ts';
import type { EventDispatcher } from '../events/dispatcher.ts';
import { serializerNamed } from '../protocol/serializer.ts';
import { decodeSignature } from '../protocol/signature.ts';
import type { Transport } from '../transport/transport.ts';
import type { Service } from '../util/service.ts';
import { Elections } from './elections.ts';
import { Gossip } from './gossip.ts';
import type { RequestHost } from './host.ts';
import { mingle } from './mingle.ts';
import type { WorkerSettings } from './options.ts';
import { Revocations } from './revocations.ts';
import type { Schedule } from './schedule.ts';
import { StateDb } from './state-db.ts';

export interface NeighborsOptions {
  readonly app: Celery;
  readonly settings: WorkerSettings;
  readonly transport: Transport;
  readonly host: RequestHost;
  readonly events: EventDispatcher;
  readonly schedule: Schedule;
}

/** What a worker knows from others and from its own past: revoked tasks, the cluster's clock, who else is there. */
export class Neighbors implements Service {
  readonly revocations: Revocations;
  /** null with `--without-gossip`. */
  readonly elections: Elections | null = null;
  readonly #options: NeighborsOptions;
  readonly #stateDb: StateDb | null = null;
  readonly #gossip: Gossip | null = null;

  constructor(options: NeighborsOptions) {
    const { app, settings, transport, host, events, schedule } = options;
    const { hostname, stateDb: path, isGossiping } = settings;
    const { logger, ledger } = host;
    const { clock } = app;
    this.#options = options;
    this.revocations = new Revocations({ host, transport, schedule });
    if (path !== null) this.#stateDb = new StateDb({ path, revoked: ledger.revoked, clock, logger });
    if (!isGossiping) return;
    this.elections = new Elections({
      hostname,
      clock,
      logger,
      send: (type, fields) => events.send(type, fields),
      actions: { task: async (action) => void (await apply(app, decodeSignature(action), {})) },
    });
    this.#gossip = new Gossip({
      transport,
      exchange: app.conf.event_exchange,
      hostname,
      clock,
      elections: this.elections,
      logger,
    });
  }

  /** Reads what was saved and asks who is there. */
  async start(): Promise<void> {
    await this.#stateDb?.start();
    const { app, settings, transport, host } = this.#options;
    if (!settings.isMingling) return;
    await mingle({
      transport,
      hostname: settings.hostname,
      clock: app.clock,
      serializer: serializerNamed(app.conf.task_serializer),
      revoked: host.ledger.revoked,
      revocations: this.revocations,
      logger: host.logger,
    });
  }

  /** From now on remote control is heard, so nothing can be missed any more: catches up with what was. */
  async listen(): Promise<void> {
    await this.#gossip?.start();
    await this.revocations.start();
  }

  async stop(): Promise<void> {
    await this.#gossip?.stop();
    await this.revocations.stop();
    await this.#stateDb?.stop();
  }
}
