import type { ConnectionGroup } from './connection-group.ts';
import { ConnectionLost, isReply } from './failures.ts';
import type { Link } from './link.ts';

export type ChannelKind = 'channel' | 'pattern';
export type ChannelListener = (text: string, channel: string, bytes: Buffer) => void;

interface Topic {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly listeners: Set<ChannelListener>;
}

const COMMANDS = {
  channel: { add: 'subscribe', remove: 'unsubscribe' },
  pattern: { add: 'psubscribe', remove: 'punsubscribe' },
} as const;

/** Names in one command: each is confirmed on its own. */
const CHUNK = 500;

/**
 * What one process listens to, over one connection that is opened with the first listener. Changes of one turn travel
 * together; after a loss everything is subscribed again before the group is up.
 */
export class PubSub {
  readonly #group: ConnectionGroup;
  readonly #onInvalidate: ((keys: readonly string[] | null) => void) | undefined;
  readonly #topics = new Map<string, Topic>();
  /** Changed since the last write, and whether the server counts them as subscribed. */
  readonly #changed = new Set<Topic>();
  readonly #subscribed = new Set<Topic>();
  /** The server has taken these before. */
  readonly #taken = new WeakSet<Topic>();
  #link: Promise<Link> | null = null;
  #writing: Promise<void> | null = null;

  constructor(group: ConnectionGroup, onInvalidate?: (keys: readonly string[] | null) => void) {
    this.#group = group;
    this.#onInvalidate = onInvalidate;
    group.onUp(() => this.#catchUp());
  }

  /** Opens the connection, if it is not yet. */
  open(): Promise<Link> {
    this.#link ??= this.#group.add({
      name: 'subscriber',
      setup: (link) => this.#restore(link),
      onMessage: (channel, message, pattern) => this.#dispatch(channel, message, pattern),
      ...(this.#onInvalidate ? { onInvalidate: this.#onInvalidate } : {}),
    });
    return this.#link;
  }

  /** Listens; stands when this resolves. Returns how to stop. Rejects with `ReplyError` when the server refuses it. */
  async listen(kind: ChannelKind, name: string, listener: ChannelListener): Promise<() => Promise<void>> {
    const key = `${kind} ${name}`;
    let topic = this.#topics.get(key);
    if (!topic) {
      topic = { kind, name, listeners: new Set() };
      this.#topics.set(key, topic);
    }
    const found = topic;
    found.listeners.add(listener);
    const close = async (): Promise<void> => {
      found.listeners.delete(listener);
      if (found.listeners.size > 0) return;
      if (this.#topics.get(key) === found) this.#topics.delete(key);
      // Nobody listens any more: what still comes is dropped, so a failed UNSUBSCRIBE does no harm.
      await this.#write(found).catch(() => {});
    };
    try {
      await this.#write(found);
    } catch (error) {
      await close();
      throw error;
    }
    return close;
  }

  #write(topic: Topic): Promise<void> {
    this.#changed.add(topic);
    this.#writing ??= Promise.resolve().then(() => this.#flush());
    return this.#writing;
  }

  async #flush(): Promise<void> {
    const link = await this.open();
    this.#writing = null;
    const topics = [...this.#changed];
    this.#changed.clear();
    if (!this.#group.isUp) return;
    const added = topics.filter((topic) => topic.listeners.size > 0 && !this.#subscribed.has(topic));
    const removed = topics.filter((topic) => topic.listeners.size === 0 && this.#subscribed.has(topic));
    try {
      await Promise.all([this.#send(link, 'remove', removed), this.#send(link, 'add', added)]);
    } catch (error) {
      // The loss drops the group, and `#restore` subscribes to all that is wanted by then.
      if (error instanceof ConnectionLost) return;
      for (const topic of added) this.#subscribed.delete(topic);
      throw error;
    }
  }

  /** Subscribes to what was asked for while `#restore` was under way. */
  #catchUp(): void {
    for (const topic of this.#topics.values()) {
      // Whoever listens has been told of a refusal by `listen`.
      if (!this.#subscribed.has(topic)) this.#write(topic).catch(() => {});
    }
  }

  async #restore(link: Link): Promise<void> {
    this.#subscribed.clear();
    const topics = [...this.#topics.values()];
    const isTaken = (topic: Topic): boolean => this.#taken.has(topic);
    await this.#send(link, 'add', topics.filter(isTaken));
    const asked = topics.filter((topic) => !isTaken(topic));
    try {
      await this.#send(link, 'add', asked);
    } catch (error) {
      if (!isReply(error)) throw error;
      // Refused: that is told to who asked, who asks again, and must not keep the group from being up.
      for (const topic of asked) this.#subscribed.delete(topic);
    }
  }

  async #send(link: Link, action: 'add' | 'remove', topics: readonly Topic[]): Promise<void> {
    const sent: Promise<unknown>[] = [];
    for (const kind of ['channel', 'pattern'] as const) {
      const some = topics.filter((topic) => topic.kind === kind);
      for (let first = 0; first < some.length; first += CHUNK) {
        const chunk = some.slice(first, first + CHUNK);
        for (const topic of chunk) this.#subscribed[action === 'add' ? 'add' : 'delete'](topic);
        sent.push(
          link.call(
            COMMANDS[kind][action],
            chunk.map(({ name }) => name),
          ),
        );
      }
    }
    await Promise.all(sent);
    if (action === 'add') for (const topic of topics) this.#taken.add(topic);
  }

  #dispatch(channel: string, message: Buffer, pattern: string | null): void {
    const topic = this.#topics.get(pattern === null ? `channel ${channel}` : `pattern ${pattern}`);
    if (!topic) return;
    const text = message.toString();
    for (const listener of topic.listeners) listener(text, channel, message);
  }
}
