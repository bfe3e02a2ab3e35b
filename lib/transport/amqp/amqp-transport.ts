import { AmqpConnection } from '../../amqp/connection.ts';
import { messageOf } from '../../amqp/failures.ts';
import { ManagementApi } from '../../amqp/management.ts';
import { type AmqpAddress, parseAmqpUrls } from '../../amqp/url.ts';
import { UmbelError } from '../../contract/errors.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { Logger } from '../../util/logger.ts';
import { maskSettings } from '../../util/mask.ts';
import { shuffled } from '../../util/shuffled.ts';
import type {
  Consumer,
  ConsumerOptions,
  Destination,
  QueueBinding,
  QueueSample,
  ReplyQueue,
  ReplyQueueOptions,
  SubscribeOptions,
  Subscription,
  Transport,
} from '../transport.ts';
import { AmqpConsumer } from './consumer.ts';
import { Declarations } from './declarations.ts';
import { readOptions } from './options.ts';
import { Publisher } from './publisher.ts';
import { QueueAdmin } from './queue-admin.ts';
import { AmqpReplyQueue } from './reply-queue.ts';
import { AmqpRevokedTasks } from './revoked-tasks.ts';
import { AmqpSubscription } from './subscription.ts';
import type { BroadcastSettings } from './topology.ts';

export interface AmqpTransportSettings {
  readonly logger: Logger;
  readonly transportOptions: Readonly<Record<string, unknown>>;
  readonly connectionTimeoutMs: number;
  /** Seconds. */
  readonly heartbeat: number;
  readonly useSsl: boolean | Readonly<Record<string, unknown>>;
  readonly loginMethod: string | null;
  /** Order in which several brokers are tried: as given, or mixed. */
  readonly failoverStrategy: 'round-robin' | 'shuffle';
  readonly broadcasts: BroadcastSettings;
  /** Of the queues in which messages wait for their ETA. */
  readonly delayedQueueType: 'classic' | 'quorum';
  /** URL of the management API; null: queues are looked at one by one. */
  readonly managementUrl: string | null;
}

/**
 * RabbitMQ, in Celery's topology. Two connections, as Celery has: messages are sent over one, taken over the other, so
 * that a broker which stops a publisher (its memory alarm) does not keep tasks from being acked. The second opens when
 * something is first taken.
 */
export class AmqpTransport implements Transport {
  readonly #addresses: readonly AmqpAddress[];
  readonly #settings: AmqpTransportSettings;
  readonly #sending: AmqpConnection;
  readonly #taking: AmqpConnection;
  readonly #declarations: Declarations;
  readonly #publisher: Publisher;
  readonly #admin: QueueAdmin;
  readonly revokedTasks: AmqpRevokedTasks;
  readonly #consumers = new Set<AmqpConsumer>();
  readonly #replyQueues = new Set<AmqpReplyQueue>();
  readonly #subscriptions = new Set<AmqpSubscription>();

  /** Throws `UmbelError('bad_config')`. */
  constructor(urls: string, settings: AmqpTransportSettings) {
    const { logger, connectionTimeoutMs, managementUrl } = settings;
    this.#settings = settings;
    const addresses = parseAmqpUrls(urls);
    this.#addresses = settings.failoverStrategy === 'shuffle' ? shuffled(addresses) : addresses;
    const options = readOptions(settings.transportOptions, connectionTimeoutMs);
    const connection = (purpose: string): AmqpConnection =>
      new AmqpConnection({
        addresses: this.#addresses,
        purpose,
        logger,
        timeoutMs: connectionTimeoutMs,
        heartbeat: settings.heartbeat,
        useSsl: settings.useSsl,
        loginMethod: settings.loginMethod,
      });
    this.#sending = connection('publish');
    this.#taking = connection('consume');
    this.#declarations = new Declarations(this.#sending, settings.broadcasts, settings.delayedQueueType);
    this.#publisher = new Publisher({
      connection: this.#sending,
      declarations: this.#declarations,
      logger,
      options,
    });
    this.revokedTasks = new AmqpRevokedTasks(this.#sending, this.#publisher);
    const management = managementUrl === null ? null : new ManagementApi(managementUrl, this.#first.vhost);
    const { eventPrefix } = settings.broadcasts;
    this.#admin = new QueueAdmin({
      connection: this.#sending,
      management,
      eventPrefix,
      knownNames: () => [
        ...this.#declarations.queueNames(),
        ...[...this.#consumers].flatMap(({ queues }) => queues.map(({ name }) => name)),
      ],
      logger,
    });
    if (management) this.listBindings = () => this.#admin.bindings();
  }

  /** Only with the management API. */
  readonly listBindings?: () => Promise<QueueBinding[]>;

  get displayUrl(): string {
    return this.#sending.address.display;
  }

  get #first(): AmqpAddress {
    const [first] = this.#addresses;
    if (first) return first;
    throw new UmbelError('bad_config', 'There is no broker URL.');
  }

  brokerInfo(): Record<string, unknown> {
    const { transportOptions, connectionTimeoutMs, heartbeat, failoverStrategy, loginMethod } =
      this.#settings;
    const { host, port, vhost, username, isTls, display } = this.#sending.address;
    return {
      hostname: host,
      userid: username,
      virtual_host: vhost,
      port,
      insist: false,
      ssl: isTls || this.#settings.useSsl !== false,
      transport: 'amqp',
      connect_timeout: connectionTimeoutMs / 1000,
      transport_options: maskSettings(transportOptions),
      login_method: this.#first.loginMethod ?? loginMethod ?? 'PLAIN',
      uri_prefix: null,
      heartbeat: this.#first.heartbeat ?? heartbeat,
      failover_strategy: failoverStrategy,
      alternates: this.#addresses.map((address) => address.display).filter((other) => other !== display),
      credential_provider: null,
    };
  }

  async start(): Promise<void> {
    await this.#sending.start();
    try {
      await this.#publisher.start();
    } catch (error) {
      // Or it would stay connected for ever.
      await this.#sending.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await Promise.all([...this.#replyQueues, ...this.#subscriptions].map((queue) => queue.close()));
    await this.#publisher.stop();
    await Promise.all([this.#taking.stop(), this.#sending.stop()]);
  }

  publish(destination: Destination, message: WireMessage): Promise<void> {
    return this.#publisher.publish(destination, message);
  }

  async broadcast(exchange: string, routingKey: string, message: WireMessage): Promise<null> {
    await this.#publisher.publish({ exchange, routingKey }, message, true);
    return null;
  }

  async subscribe(
    exchange: string,
    pattern: string,
    onMessage: (message: WireMessage, routingKey: string) => void,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    await this.#taking.start();
    const { logger, broadcasts } = this.#settings;
    const parts = { connection: this.#taking, logger, broadcasts };
    const subscription = new AmqpSubscription(parts, exchange, pattern, onMessage, options);
    await subscription.open();
    this.#subscriptions.add(subscription);
    return {
      close: async () => {
        this.#subscriptions.delete(subscription);
        await subscription.close();
      },
    };
  }

  onReconnect(listener: () => void): () => void {
    return this.#taking.onUp((isFirst) => {
      if (isFirst) return;
      void this.#standing(listener);
    });
  }

  async #standing(listener: () => void): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.ready()));
    try {
      listener();
    } catch (error) {
      this.#settings.logger.error(`What follows a reconnect failed: ${messageOf(error)}`);
    }
  }

  async openReplyQueue(
    exchange: string,
    onMessage: (message: WireMessage) => void,
    options: ReplyQueueOptions = {},
  ): Promise<ReplyQueue> {
    await this.#taking.start();
    const { logger, broadcasts } = this.#settings;
    const parts = { connection: this.#taking, logger, broadcasts };
    const onClosed = (closed: AmqpReplyQueue): void => void this.#replyQueues.delete(closed);
    const queue = new AmqpReplyQueue({ ...parts, onClosed }, exchange, onMessage, options);
    await queue.open();
    this.#replyQueues.add(queue);
    return queue;
  }

  createConsumer(options: ConsumerOptions): Consumer {
    const parts = {
      connection: this.#taking,
      publisher: this.#publisher,
      logger: this.#settings.logger,
      delayedQueueType: this.#settings.delayedQueueType,
      onStopped: (stopped: AmqpConsumer) => void this.#consumers.delete(stopped),
    };
    const consumer = new AmqpConsumer(parts, options);
    this.#consumers.add(consumer);
    return consumer;
  }

  sampleQueues(names: readonly string[]): Promise<QueueSample[]> {
    return this.#admin.sample(names);
  }

  listQueues(): Promise<string[]> {
    return this.#admin.list();
  }

  purge(queue: string): Promise<number> {
    return this.#admin.purge(queue);
  }
}
