import type { MessageProperties } from '../../protocol/wire.ts';
import type { RedisTransportOptions } from './options.ts';

/** One member of a binding set: messages with this routing key go to this queue. */
export interface Binding {
  readonly routingKey: string;
  /** Regular expression of a topic; empty for direct and fanout. */
  readonly pattern: string;
  readonly queue: string;
}

const PARKED = 'umbel.parked';
const REVOKED = 'umbel.revoked';
const WITNESS = 'umbel.witness';
const BROADCASTS = 'umbel.broadcasts';
const CLAIMS = 'umbel.claims';
const CLAIMED = 'umbel.claimed:';
const BINDINGS = '_kombu.binding.';

/** Names of keys and channels in kombu's layout (kombu/transport/redis.py); each carries the global prefix. */
export class Keys {
  readonly unacked: string;
  readonly unackedIndex: string;
  readonly parked: string;
  /** Stands as long as the database keeps its data. */
  readonly witness: string;
  readonly revoked: string;
  /** Who has broadcast queues. */
  readonly broadcasts: string;
  /** Who waits for messages, and when that was last seen. */
  readonly claims: string;
  readonly #options: RedisTransportOptions;

  constructor(options: RedisTransportOptions) {
    this.#options = options;
    this.unacked = this.#prefixed(options.unackedKey);
    this.unackedIndex = this.#prefixed(options.unackedIndexKey);
    this.parked = this.#prefixed(PARKED);
    this.witness = this.#prefixed(WITNESS);
    this.revoked = this.#prefixed(REVOKED);
    this.broadcasts = this.#prefixed(BROADCASTS);
    this.claims = this.#prefixed(CLAIMS);
  }

  get steps(): readonly number[] {
    return this.#options.prioritySteps;
  }

  /** Largest step that is not above the priority, which is clamped to 0..9. On Redis 0 is the most urgent. */
  stepOf(properties: MessageProperties): number {
    const priority = Math.max(0, Math.min(9, Math.trunc(Number(properties.priority) || 0)));
    let found = this.steps[0] ?? 0;
    for (const step of this.steps) if (step <= priority) found = step;
    return found;
  }

  list(queue: string, step: number): string {
    return this.#prefixed(step === 0 ? queue : `${queue}${this.#options.sep}${step}`);
  }

  /** The lists of a queue, most urgent first. */
  lists(queue: string): string[] {
    return this.steps.map((step) => this.list(queue, step));
  }

  /** The list of one member of `claims`. */
  claimed(name: string): string {
    return this.#prefixed(`${CLAIMED}${name}`);
  }

  binding(exchange: string): string {
    return this.#prefixed(`${BINDINGS}${exchange}`);
  }

  /** The exchange of a binding set. */
  exchangeOf(key: string): string {
    return key.slice(this.#prefixed(BINDINGS).length);
  }

  /** Pattern for SCAN over all binding sets. */
  get anyBinding(): string {
    return `${escapeGlob(this.#prefixed(BINDINGS))}*`;
  }

  member({ routingKey, pattern, queue }: Binding): string {
    return [routingKey, pattern, queue].join(this.#options.sep);
  }

  readMember(member: string): Binding | null {
    const [routingKey, pattern, queue] = member.split(this.#options.sep);
    if (routingKey === undefined || pattern === undefined || !queue) return null;
    return { routingKey, pattern, queue };
  }

  /** Channel of a fanout exchange. */
  channel(exchange: string, routingKey: string): string {
    const { fanoutPrefix, fanoutPatterns } = this.#options;
    const suffix = fanoutPatterns && routingKey ? `/${routingKey}` : '';
    return this.#prefixed(`${fanoutPrefix}${exchange}${suffix}`);
  }

  /** Patterns for PSUBSCRIBE; `#` also means the empty routing key. */
  channelPatterns(exchange: string, pattern: string): string[] {
    const base = escapeGlob(this.channel(exchange, ''));
    if (!this.#options.fanoutPatterns || pattern === '') return [base];
    const topic = `${base}/${escapeGlob(pattern).replaceAll('#', '*').replaceAll('\\*', '*')}`;
    return pattern === '#' ? [base, topic] : [topic];
  }

  /** What follows the exchange in a channel's name. */
  routingKeyOf(exchange: string, channel: string): string {
    return channel.slice(this.channel(exchange, '').length + 1);
  }

  #prefixed(name: string): string {
    return this.#options.globalKeyprefix + name;
  }
}

/** kombu's regular expression of a topic pattern: a `*` may span dots, and peers agree only on the same text. */
export function topicPattern(routingKey: string): string {
  const words = routingKey.split('.').map((word) => {
    if (word === '*') return '.*?[^\\.]';
    return word === '#' ? '.*?' : word;
  });
  return `^${words.join('\\.')}$`;
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}
