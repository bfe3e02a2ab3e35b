import { toError } from '../../contract/errors.ts';
import { decodeEnvelope, encodeEnvelope } from '../../protocol/envelope.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { Outbox } from '../../redis/outbox.ts';
import type { PubSub } from '../../redis/pub-sub.ts';
import { uuid } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { Subscription } from '../transport.ts';
import type { Keys } from './keys.ts';

const WARN_EVERY_MS = 60_000;

/** Fanout exchanges: kombu's pub/sub channels. Nothing is stored. */
export class Broadcasts {
  readonly #outbox: Outbox;
  readonly #pubSub: PubSub;
  readonly #keys: Keys;
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  #unreadable = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(outbox: Outbox, pubSub: PubSub, keys: Keys, logger: Logger, deadlineMs: number) {
    this.#outbox = outbox;
    this.#pubSub = pubSub;
    this.#keys = keys;
    this.#logger = logger;
    this.#deadlineMs = deadlineMs;
  }

  /** Answers with the number of connections that got it. */
  async send(exchange: string, routingKey: string, message: WireMessage): Promise<number> {
    const text = encodeEnvelope(message, { exchange, routingKey }, uuid());
    const channel = this.#keys.channel(exchange, routingKey);
    const reached = await this.#outbox.send((link) => link.call('publish', [channel, text]), {
      what: `broadcast to ${exchange}`,
      deadlineMs: this.#deadlineMs,
      bytes: text.length,
    });
    return Number(reached);
  }

  /** As text, for who puts it into a list. */
  async listenRaw(
    exchange: string,
    pattern: string,
    onText: (text: string, routingKey: string) => void,
  ): Promise<Subscription> {
    const listener = (text: string, channel: string): void =>
      onText(text, this.#keys.routingKeyOf(exchange, channel));
    const names = this.#keys.channelPatterns(exchange, pattern);
    const closers = await Promise.all(names.map((name) => this.#pubSub.listen('pattern', name, listener)));
    return {
      close: async () => {
        await Promise.all(closers.map((close) => close()));
      },
    };
  }

  listen(
    exchange: string,
    pattern: string,
    onMessage: (message: WireMessage, routingKey: string) => void,
  ): Promise<Subscription> {
    return this.listenRaw(exchange, pattern, (text, routingKey) => {
      const message = this.#decode(text, exchange);
      if (!message) return;
      try {
        onMessage(message, routingKey);
      } catch (error) {
        this.#logger.error(`A listener to ${exchange} failed: ${toError(error).message}`);
      }
    });
  }

  #decode(text: string, exchange: string): WireMessage | null {
    try {
      return decodeEnvelope(text);
    } catch (error) {
      // Anybody may publish to the channel; one line a minute says how much of it was no message.
      this.#unreadable += 1;
      if (performance.now() - this.#warnedAt > WARN_EVERY_MS) {
        this.#warnedAt = performance.now();
        this.#logger.warning(
          `${this.#unreadable} unreadable broadcast(s) so far, now on ${exchange}: ${toError(error).message}`,
        );
      }
      return null;
    }
  }
}
