import type { Client } from './client.ts';
import type { Clients } from './clients.ts';
import { compileGlob, type Matcher } from './glob.ts';
import { Reply } from './resp/reply.ts';

interface Pattern {
  readonly matches: Matcher;
  readonly clients: Set<Client>;
}

/** Channels and patterns, and who listens. Nothing is stored: who is not there misses the message. */
export class PubSub {
  readonly #clients: Clients;
  readonly #channels = new Map<string, Set<Client>>();
  readonly #patterns = new Map<string, Pattern>();

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  get patternCount(): number {
    return this.#patterns.size;
  }

  channelNames(): IterableIterator<string> {
    return this.#channels.keys();
  }

  subscriberCount(channel: string): number {
    return this.#channels.get(channel)?.size ?? 0;
  }

  subscribe(client: Client, channel: string): void {
    if (client.channels.has(channel)) return;
    client.channels.add(channel);
    const clients = this.#channels.get(channel);
    if (clients === undefined) this.#channels.set(channel, new Set([client]));
    else clients.add(client);
  }

  subscribePattern(client: Client, pattern: string): void {
    if (client.patterns.has(pattern)) return;
    client.patterns.add(pattern);
    const known = this.#patterns.get(pattern);
    if (known === undefined) {
      this.#patterns.set(pattern, { matches: compileGlob(pattern), clients: new Set([client]) });
    } else known.clients.add(client);
  }

  unsubscribe(client: Client, channel: string): void {
    if (!client.channels.delete(channel)) return;
    const clients = this.#channels.get(channel);
    clients?.delete(client);
    if (clients?.size === 0) this.#channels.delete(channel);
  }

  unsubscribePattern(client: Client, pattern: string): void {
    if (!client.patterns.delete(pattern)) return;
    const known = this.#patterns.get(pattern);
    known?.clients.delete(client);
    if (known?.clients.size === 0) this.#patterns.delete(pattern);
  }

  leave(client: Client): void {
    for (const channel of client.channels) this.unsubscribe(client, channel);
    for (const pattern of client.patterns) this.unsubscribePattern(client, pattern);
  }

  /** Sends to all who listen; how many that were. */
  publish(channel: string, message: Buffer): number {
    const direct = this.#channels.get(channel);
    let receivers = direct === undefined ? 0 : this.#send(direct, ['message', channel], message);
    for (const [name, pattern] of this.#patterns) {
      if (pattern.matches(channel))
        receivers += this.#send(pattern.clients, ['pmessage', name, channel], message);
    }
    return receivers;
  }

  #send(clients: ReadonlySet<Client>, head: readonly string[], message: Buffer): number {
    const frame = new Reply();
    for (const part of head) frame.text(part);
    frame.bulk(message);
    const chunks = frame.take();
    for (const { reply } of clients) {
      reply.push(head.length + 1);
      for (const chunk of chunks) reply.append(chunk);
    }
    for (const client of clients) this.#clients.touch(client);
    return clients.size;
  }
}
