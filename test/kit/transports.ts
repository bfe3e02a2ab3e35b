import { openTransport, type TransportOptions } from '../../lib/transport/open.ts';
import type { Consumer, ConsumerOptions, Delivery, Queue, Transport } from '../../lib/transport/transport.ts';
import { createLogger } from '../../lib/util/logger.ts';
import { taskMessage } from './messages.ts';

/** Transports that end with a test, and what they log. */
export class Transports {
  /** Since the last `stop`. */
  lines: string[] = [];
  readonly #opened: Transport[] = [];

  /** A started one. */
  async open(url: string, options: Partial<TransportOptions> = {}): Promise<Transport> {
    const transport = openTransport(url, {
      logger: createLogger({ level: 'DEBUG', write: (line) => this.lines.push(line) }),
      ...options,
    });
    this.#opened.push(transport);
    await transport.start();
    return transport;
  }

  hasLogged(pattern: RegExp): boolean {
    return this.lines.some((line) => pattern.test(line));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((transport) => transport.stop()));
    this.lines = [];
  }
}

/** Sends a task message straight to a queue. */
export function send(transport: Transport, queue: Queue, id: string, priority = 0): Promise<void> {
  return transport.publish({ exchange: '', routingKey: queue.name, queue }, taskMessage(id, { priority }));
}

/** A started consumer that keeps what it gets. */
export async function consume(
  transport: Transport,
  queues: readonly Queue[],
  options: Partial<ConsumerOptions> = {},
): Promise<{ consumer: Consumer; got: Delivery[] }> {
  const got: Delivery[] = [];
  const consumer = transport.createConsumer({
    queues,
    prefetch: 0,
    onDeliveries: (deliveries) => got.push(...deliveries),
    ...options,
  });
  await consumer.start();
  return { consumer, got };
}
