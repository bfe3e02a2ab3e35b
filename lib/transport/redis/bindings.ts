import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { ConnectionLost, isOutOfMemory } from '../../redis/failures.ts';
import type { Outbox } from '../../redis/outbox.ts';
import type { Binding, Keys } from './keys.ts';

/** How long an answer about an exchange is used again. */
const FRESH_MS = 1_000;
const MAX_CACHED = 1_000;
const MAX_DECLARED = 10_000;

/**
 * Which queues an exchange leads to: kombu's `_kombu.binding.<exchange>` sets. Redis may evict them, and other clients
 * delete them, so what this process bound is remembered and written again.
 */
export class Bindings {
  readonly #group: ConnectionGroup;
  readonly #outbox: Outbox;
  readonly #keys: Keys;
  readonly #own = new Map<string, Map<string, Binding>>();
  readonly #declared = new Set<string>();
  readonly #cache = new Map<string, { readonly at: number; readonly found: Promise<Binding[]> }>();

  constructor(group: ConnectionGroup, outbox: Outbox, keys: Keys) {
    this.#group = group;
    this.#outbox = outbox;
    this.#keys = keys;
    group.onUp((isFirst) => {
      this.#declared.clear();
      this.#cache.clear();
      if (!isFirst) this.rewrite();
    });
  }

  async bind(exchange: string, binding: Binding): Promise<void> {
    const member = this.#keys.member(binding);
    const own = this.#own.get(exchange) ?? new Map<string, Binding>();
    this.#own.set(exchange, own.set(member, binding));
    this.#cache.delete(exchange);
    try {
      await this.#write('sadd', exchange, [member]);
    } catch (error) {
      // A server without memory needs nothing more than a worker that starts and drains it: the sweep writes it again.
      if (!isOutOfMemory(error)) throw error;
    }
  }

  async unbind(exchange: string, binding: Binding): Promise<void> {
    const member = this.#keys.member(binding);
    this.#own.get(exchange)?.delete(member);
    this.#cache.delete(exchange);
    await this.#write('srem', exchange, [member]);
  }

  /** Writes everything bound here once more. */
  rewrite(): void {
    for (const [exchange, own] of this.#own) {
      if (own.size > 0) this.#forget(this.#write('sadd', exchange, [...own.keys()]));
    }
  }

  /** Makes a plain queue known before its first message on this connection, as kombu does; waits for nothing. */
  declare(queue: string): void {
    if (this.#declared.has(queue)) return;
    if (this.#declared.size >= MAX_DECLARED) this.#declared.clear();
    this.#declared.add(queue);
    const member = this.#keys.member({ routingKey: queue, pattern: '', queue });
    this.#forget(this.#group.command.call('sadd', [this.#keys.binding(queue), member]));
  }

  /**
   * Queues that a message with this routing key goes to. When an answer that we still had names none, we ask again:
   * a client that waits for replies has bound its queue a moment ago.
   */
  async queuesOf(exchange: string, routingKey: string): Promise<string[]> {
    const isCached = this.#isCached(exchange);
    const queues = this.#match(await this.#lookUp(exchange), exchange, routingKey);
    if (queues.length > 0 || !isCached) return queues;
    this.#cache.delete(exchange);
    return this.#match(await this.#lookUp(exchange), exchange, routingKey);
  }

  #match(found: readonly Binding[], exchange: string, routingKey: string): string[] {
    const known = [...found, ...(this.#own.get(exchange)?.values() ?? [])];
    const queues = new Set<string>();
    for (const binding of known) if (isMatch(binding, routingKey)) queues.add(binding.queue);
    return [...queues];
  }

  #isCached(exchange: string): boolean {
    const cached = this.#cache.get(exchange);
    return cached !== undefined && performance.now() - cached.at < FRESH_MS;
  }

  #lookUp(exchange: string): Promise<Binding[]> {
    const cached = this.#cache.get(exchange);
    if (cached && this.#isCached(exchange)) return cached.found;
    const found = this.#read(exchange);
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(exchange, { at: performance.now(), found });
    found.then(
      (bindings) => this.#repair(exchange, bindings),
      () => this.#cache.delete(exchange),
    );
    return found;
  }

  async #read(exchange: string): Promise<Binding[]> {
    const members = await this.#outbox.send((link) => link.call('smembers', [this.#keys.binding(exchange)]), {
      what: `look up the queues of ${exchange}`,
      deadlineMs: 10_000,
    });
    const list: unknown[] = Array.isArray(members) ? members : [];
    return list.flatMap((member) => this.#keys.readMember(String(member)) ?? []);
  }

  /** Puts back what this process bound and the server has lost. */
  #repair(exchange: string, bindings: readonly Binding[]): void {
    const present = new Set(bindings.map((binding) => this.#keys.member(binding)));
    const missing = [...(this.#own.get(exchange)?.keys() ?? [])].filter((member) => !present.has(member));
    if (missing.length > 0) this.#forget(this.#write('sadd', exchange, missing));
  }

  #write(command: 'sadd' | 'srem', exchange: string, members: readonly string[]): Promise<unknown> {
    return this.#outbox.send((link) => link.call(command, [this.#keys.binding(exchange), ...members]), {
      what: `write the bindings of ${exchange}`,
      deadlineMs: 10_000,
    });
  }

  /** Bindings only help others to find a queue: a message that names its queue arrives without them. */
  #forget(writing: Promise<unknown>): void {
    writing.catch((error: unknown) => {
      if (error instanceof ConnectionLost) this.#declared.clear();
    });
  }
}

function isMatch({ pattern, routingKey }: Binding, wanted: string): boolean {
  if (pattern === '') return routingKey === wanted;
  try {
    return new RegExp(pattern).test(wanted);
  } catch {
    // Another client's text that is no expression here binds nothing for us.
    return false;
  }
}
