import type { ResultBackend } from '../backend/backend.ts';
import { isRpcUrl, RpcBackend } from '../backend/rpc/rpc-backend.ts';
import { Mailbox } from '../control/mailbox.ts';
import { EventDispatcher } from '../events/dispatcher.ts';
import { serializerNamed } from '../protocol/serializer.ts';
import type { Transport } from '../transport/transport.ts';
import type { LamportClock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { OnDemand } from '../util/on-demand.ts';
import { type Config, EMBEDDED_BACKEND, EMBEDDED_BROKER } from './config.ts';
import { backendOptionsOf, transportOptionsOf } from './connection-options.ts';

/**
 * The connections of an app: each opened on first use, shared by all users, closed together. Their code is loaded then
 * too: a child of a pool, which rarely opens any, starts in half the time.
 */
export class Connections {
  readonly #conf: Config;
  readonly #clock: LamportClock;
  readonly #origin: string;
  readonly #oid: string;
  readonly #logger: Logger;
  readonly #transport = new OnDemand(() => this.#startTransport());
  readonly #backend = new OnDemand(() => this.#startBackend());
  readonly #sender = new OnDemand(() => this.#openSender());
  readonly #mailbox = new OnDemand(() => this.#openMailbox());
  #dispatcher: EventDispatcher | null = null;

  constructor(conf: Config, clock: LamportClock, origin: string, oid: string, logger: Logger) {
    this.#conf = conf;
    this.#clock = clock;
    this.#origin = origin;
    this.#oid = oid;
    this.#logger = logger;
  }

  /** Results go where the settings say; with the embedded engine and no setting, there. */
  get backendUrl(): string | null {
    const { result_backend: url, broker_url: broker } = this.#conf;
    return url ?? (broker === EMBEDDED_BROKER ? EMBEDDED_BACKEND : null);
  }

  /** The transport itself once it is open: sending then waits for nothing else. A promise means that it opens. */
  transportNow(): Transport | Promise<Transport> {
    return this.#transport.now ?? this.#transport.get();
  }

  /** The transport for sending tasks: with `rpc://` the queue of their results is open by then. */
  senderNow(): Transport | Promise<Transport> {
    return isRpcUrl(this.backendUrl) ? (this.#sender.now ?? this.#sender.get()) : this.transportNow();
  }

  transport(): Promise<Transport> {
    return this.#transport.get();
  }

  backend(): Promise<ResultBackend> {
    return this.#backend.get();
  }

  mailbox(): Promise<Mailbox> {
    return this.#mailbox.get();
  }

  /** Sends events of this process: of a client only task-sent. */
  dispatcher(transport: Transport): EventDispatcher {
    this.#dispatcher ??= new EventDispatcher({
      transport,
      hostname: this.#origin,
      clock: this.#clock,
      groups: ['task'],
      serializer: serializerNamed(this.#conf.event_serializer),
      exchange: this.#conf.event_exchange,
    });
    return this.#dispatcher;
  }

  /** Sends what is under way and closes. What is used afterwards opens anew. */
  async close(): Promise<void> {
    const dispatcher = this.#dispatcher;
    this.#dispatcher = null;
    const [mailbox, backend, transport] = [
      this.#mailbox.release(),
      this.#backend.release(),
      this.#transport.release(),
      this.#sender.release(),
    ];
    try {
      await dispatcher?.flush();
      await (await mailbox)?.close();
    } finally {
      // What cannot be closed in an orderly way must not keep the process alive.
      try {
        await (await backend)?.stop();
      } finally {
        await (await transport)?.stop();
      }
    }
  }

  async #startTransport(): Promise<Transport> {
    const conf = this.#conf;
    const { openTransport } = await import('../transport/open.ts');
    const transport = openTransport(conf.broker_url, {
      logger: this.#logger,
      ...transportOptionsOf(conf),
    });
    await transport.start();
    return transport;
  }

  async #startBackend(): Promise<ResultBackend> {
    const { openBackend } = await import('../backend/open.ts');
    const backend = openBackend(
      this.backendUrl,
      { logger: this.#logger, ...backendOptionsOf(this.#conf) },
      { transport: () => this.transport(), oid: this.#oid },
    );
    await backend.start();
    return backend;
  }

  async #openSender(): Promise<Transport> {
    const [transport, backend] = [await this.transport(), await this.backend()];
    if (backend instanceof RpcBackend) await backend.listen();
    return transport;
  }

  async #openMailbox(): Promise<Mailbox> {
    const conf = this.#conf;
    return new Mailbox({
      transport: await this.transport(),
      clock: this.#clock,
      serializer: serializerNamed(conf.task_serializer),
      exchange: conf.control_exchange,
    });
  }
}
