import type { ResultBackend } from '../backend/backend.ts';
import { openBackend } from '../backend/open.ts';
import { isRpcUrl, RpcBackend } from '../backend/rpc/rpc-backend.ts';
import { Mailbox } from '../control/mailbox.ts';
import { EventDispatcher } from '../events/dispatcher.ts';
import { acceptedTypes, serializerNamed } from '../protocol/serializer.ts';
import { openTransport } from '../transport/open.ts';
import type { Transport } from '../transport/transport.ts';
import type { LamportClock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { type Config, EMBEDDED_BACKEND, EMBEDDED_BROKER } from './config.ts';
import { transportOptionsOf } from './transport-options.ts';

/** The connections of an app: each opened on first use, shared by all users, closed together. */
export class Connections {
  readonly #conf: Config;
  readonly #clock: LamportClock;
  readonly #origin: string;
  readonly #oid: string;
  readonly #logger: Logger;
  #transport: Promise<Transport> | null = null;
  #openTransport: Transport | null = null;
  #backend: Promise<ResultBackend> | null = null;
  #sender: Promise<Transport> | null = null;
  #openSenderNow: Transport | null = null;
  #mailbox: Promise<Mailbox> | null = null;
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
    return this.#openTransport ?? this.transport();
  }

  /** The transport for sending tasks: with `rpc://` the queue of their results is open by then. */
  senderNow(): Transport | Promise<Transport> {
    if (!isRpcUrl(this.backendUrl)) return this.transportNow();
    this.#sender ??= this.#openSender().catch((error: unknown) => {
      this.#sender = null;
      throw error;
    });
    return this.#openSenderNow ?? this.#sender;
  }

  transport(): Promise<Transport> {
    this.#transport ??= this.#startTransport().catch((error: unknown) => {
      // The next call tries again.
      this.#transport = null;
      throw error;
    });
    return this.#transport;
  }

  backend(): Promise<ResultBackend> {
    this.#backend ??= this.#startBackend().catch((error: unknown) => {
      this.#backend = null;
      throw error;
    });
    return this.#backend;
  }

  mailbox(): Promise<Mailbox> {
    this.#mailbox ??= this.transport()
      .then(
        (transport) =>
          new Mailbox({
            transport,
            clock: this.#clock,
            serializer: serializerNamed(this.#conf.task_serializer),
            exchange: this.#conf.control_exchange,
          }),
      )
      .catch((error: unknown) => {
        this.#mailbox = null;
        throw error;
      });
    return this.#mailbox;
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
    const { transport, backend, mailbox, dispatcher } = {
      transport: this.#transport,
      backend: this.#backend,
      mailbox: this.#mailbox,
      dispatcher: this.#dispatcher,
    };
    this.#transport = null;
    this.#openTransport = null;
    this.#backend = null;
    this.#sender = null;
    this.#openSenderNow = null;
    this.#mailbox = null;
    this.#dispatcher = null;
    await dispatcher?.flush();
    await closed(mailbox, (opened) => opened.close());
    await closed(backend, (opened) => opened.stop());
    await closed(transport, (opened) => opened.stop());
  }

  async #startTransport(): Promise<Transport> {
    const conf = this.#conf;
    const transport = openTransport(conf.broker_url, {
      logger: this.#logger,
      ...transportOptionsOf(conf),
    });
    await transport.start();
    this.#openTransport = transport;
    return transport;
  }

  async #startBackend(): Promise<ResultBackend> {
    const conf = this.#conf;
    const backend = openBackend(
      this.backendUrl,
      {
        logger: this.#logger,
        transportOptions: conf.result_backend_transport_options,
        connectionTimeoutMs: conf.broker_connection_timeout * 1000,
        expiresSeconds: conf.result_expires ?? 0,
        isExtended: conf.result_extended,
        database: {
          engineOptions: conf.database_engine_options,
          tableNames: conf.database_table_names,
          tableSchemas: conf.database_table_schemas,
        },
        serializer: serializerNamed(conf.result_serializer, 'result_serializer'),
        accept: acceptedTypes(conf.result_accept_content ?? conf.accept_content),
      },
      { transport: () => this.transport(), oid: this.#oid },
    );
    await backend.start();
    return backend;
  }

  async #openSender(): Promise<Transport> {
    const [transport, backend] = [await this.transport(), await this.backend()];
    if (backend instanceof RpcBackend) await backend.listen();
    this.#openSenderNow = transport;
    return transport;
  }
}

async function closed<T>(opening: Promise<T> | null, close: (opened: T) => Promise<void>): Promise<void> {
  // One that never opened has told its user; there is nothing to close.
  const opened = await opening?.catch(() => null);
  if (opened) await close(opened);
}
