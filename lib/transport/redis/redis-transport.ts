import type { WireMessage } from '../../protocol/wire.ts';
import { ConnectionGroup } from '../../redis/connection-group.ts';
import { Outbox } from '../../redis/outbox.ts';
import { PubSub } from '../../redis/pub-sub.ts';
import type { TlsSetting } from '../../redis/tls.ts';
import { parseRedisUrls } from '../../redis/url.ts';
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
import { Bindings } from './bindings.ts';
import { Broadcasts } from './broadcasts.ts';
import { RedisConsumer } from './consumer.ts';
import { Keys } from './keys.ts';
import { type RedisTransportOptions, readOptions } from './options.ts';
import { Publisher } from './publisher.ts';
import { QueueAdmin } from './queue-admin.ts';
import { RedisReplyQueue } from './reply-queue.ts';
import { RedisRevokedTasks } from './revoked-tasks.ts';
import { Witness } from './witness.ts';

export interface RedisTransportSettings {
  readonly logger: Logger;
  readonly transportOptions: Readonly<Record<string, unknown>>;
  readonly connectionTimeoutMs: number;
  readonly useSsl: TlsSetting;
  /** In which order the servers of a `;` list are tried. */
  readonly failoverStrategy: 'round-robin' | 'shuffle';
}

/**
 * Redis and the embedded engine, in kombu's layout. At most four connections: commands, the lane of a consumer, the
 * subscriber, and one for replies when this process asks workers something.
 */
export class RedisTransport implements Transport {
  readonly revokedTasks: RedisRevokedTasks;
  readonly #settings: RedisTransportSettings;
  readonly #options: RedisTransportOptions;
  readonly #keys: Keys;
  readonly #group: ConnectionGroup;
  readonly #outbox: Outbox;
  /** Of its own, so that a flood of messages cannot keep out what became of others. */
  readonly #settlements: Outbox;
  readonly #pubSub: PubSub;
  readonly #bindings: Bindings;
  readonly #publisher: Publisher;
  readonly #broadcasts: Broadcasts;
  readonly #admin: QueueAdmin;
  readonly #witness: Witness;
  readonly #consumers = new Set<RedisConsumer>();
  readonly #replyQueues = new Set<RedisReplyQueue>();

  constructor(url: string, settings: RedisTransportSettings) {
    const { logger, connectionTimeoutMs } = settings;
    this.#settings = settings;
    const list = parseRedisUrls(url, settings);
    const [address = list[0], ...alternates] =
      settings.failoverStrategy === 'shuffle' ? shuffled(list) : list;
    this.#options = readOptions(settings.transportOptions, address.db, connectionTimeoutMs);
    this.#keys = new Keys(this.#options);
    this.#group = new ConnectionGroup({ address, alternates, logger, connectionTimeoutMs });
    this.#outbox = new Outbox(this.#group);
    this.#settlements = new Outbox(this.#group);
    this.#pubSub = new PubSub(this.#group, (keys) => this.#invalidated(keys));
    this.#bindings = new Bindings(this.#group, this.#outbox, this.#keys);
    const { publishDeadlineMs } = this.#options;
    this.#publisher = new Publisher(this.#outbox, this.#bindings, this.#keys, this.#options);
    this.#broadcasts = new Broadcasts(this.#outbox, this.#pubSub, this.#keys, logger, publishDeadlineMs);
    this.#admin = new QueueAdmin(this.#outbox, this.#keys, this.#bindings);
    this.#witness = new Witness(this.#outbox, this.#keys.witness);
    this.revokedTasks = new RedisRevokedTasks(this.#outbox, this.#keys.revoked);
  }

  get displayUrl(): string {
    return this.#group.address.display;
  }

  brokerInfo(): Record<string, unknown> {
    const { host, port, db, username, tls, path, sentinels } = this.#group.address;
    return {
      hostname: path ?? host,
      userid: username,
      virtual_host: String(db),
      port,
      insist: false,
      ssl: tls !== null,
      transport: sentinels === null ? 'redis' : 'sentinel',
      connect_timeout: this.#settings.connectionTimeoutMs / 1000,
      transport_options: maskSettings(this.#settings.transportOptions),
      login_method: null,
      uri_prefix: null,
      heartbeat: 0,
      failover_strategy: this.#settings.failoverStrategy,
      alternates: [],
      credential_provider: null,
    };
  }

  start(): Promise<void> {
    return this.#group.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await Promise.all([...this.#replyQueues].map((queue) => queue.close()));
    await this.#publisher.stop();
    await this.#group.stop();
    this.#outbox.close();
    this.#settlements.close();
  }

  publish(destination: Destination, message: WireMessage): Promise<void> {
    return this.#publisher.publish(destination, message);
  }

  broadcast(exchange: string, routingKey: string, message: WireMessage): Promise<number | null> {
    return this.#broadcasts.send(exchange, routingKey, message);
  }

  async subscribe(
    exchange: string,
    pattern: string,
    onMessage: (message: WireMessage, routingKey: string) => void,
    { queue }: SubscribeOptions = {},
  ): Promise<Subscription> {
    const subscription = await this.#broadcasts.listen(exchange, pattern, onMessage);
    if (queue === undefined) return subscription;
    // Other clients look for a mailbox in the binding set.
    await this.bind(exchange, '', '', queue);
    return {
      close: async () => {
        await subscription.close();
        await this.unbind(exchange, '', '', queue);
      },
    };
  }

  onReconnect(listener: () => void): () => void {
    return this.#group.onUp((isFirst) => {
      if (!isFirst) listener();
    });
  }

  async openReplyQueue(
    exchange: string,
    onMessage: (message: WireMessage) => void,
    options: ReplyQueueOptions = {},
  ): Promise<ReplyQueue> {
    const parts = {
      group: this.#group,
      outbox: this.#outbox,
      bindings: this.#bindings,
      keys: this.#keys,
      logger: this.#settings.logger,
    };
    const queue = new RedisReplyQueue(parts, exchange, onMessage, options);
    await queue.open();
    this.#replyQueues.add(queue);
    return queue;
  }

  bind(exchange: string, routingKey: string, pattern: string, queue: string): Promise<void> {
    return this.#bindings.bind(exchange, { routingKey, pattern, queue });
  }

  unbind(exchange: string, routingKey: string, pattern: string, queue: string): Promise<void> {
    return this.#bindings.unbind(exchange, { routingKey, pattern, queue });
  }

  createConsumer(options: ConsumerOptions): Consumer {
    const consumer = new RedisConsumer(
      {
        group: this.#group,
        pubSub: this.#pubSub,
        outbox: this.#outbox,
        settlements: this.#settlements,
        bindings: this.#bindings,
        broadcasts: this.#broadcasts,
        keys: this.#keys,
        logger: this.#settings.logger,
        options: this.#options,
        onStopped: (stopped) => this.#consumers.delete(stopped),
      },
      options,
    );
    this.#consumers.add(consumer);
    return consumer;
  }

  hasLostData(): Promise<boolean> {
    return this.#witness.hasLostData();
  }

  sampleQueues(names: readonly string[]): Promise<QueueSample[]> {
    return this.#admin.sample(names);
  }

  listQueues(): Promise<string[]> {
    return this.#admin.list();
  }

  listBindings(): Promise<QueueBinding[]> {
    return this.#admin.bindings();
  }

  purge(queue: string): Promise<number> {
    return this.#admin.purge(queue);
  }

  #invalidated(keys: readonly string[] | null): void {
    for (const consumer of this.#consumers) consumer.invalidated(keys);
  }
}
