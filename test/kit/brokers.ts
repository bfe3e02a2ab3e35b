import { Redis } from 'ioredis';
import { SERVERS } from './servers.ts';
import { sharedRabbitmq, type Vhost } from './shared-rabbitmq.ts';

/** A broker that a test file has for itself. */
export interface TestBroker {
  readonly port: number;
  /** It counts what a worker holds over all queues, and takes another count at once: RabbitMQ does so up to 3.x. */
  readonly isPrefetchExact: boolean;
  /** Where the broker is now; `port` in place of its own, for a proxy. */
  url(port?: number): string;
  /** Empties it. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestBrokerFactory {
  readonly name: string;
  readonly start: () => Promise<TestBroker>;
}

/** Everything that tasks travel over: each test of what all transports do runs on all. */
export const BROKERS: readonly TestBrokerFactory[] = [
  ...SERVERS.map(({ name, start }) => ({
    name,
    start: async (): Promise<TestBroker> => {
      const server = await start();
      const redis = new Redis(server.port, { protocol: 2 });
      return {
        port: server.port,
        isPrefetchExact: true,
        url: (port = server.port) => `redis://127.0.0.1:${port}/0`,
        reset: async () => {
          await redis.flushall();
        },
        stop: async () => {
          redis.disconnect();
          await server.stop();
        },
      };
    },
  })),
  { name: 'RabbitMQ', start: startRabbitmqBroker },
];

/** The run's RabbitMQ, with a new vhost after each `reset`. */
export async function startRabbitmqBroker(): Promise<TestBroker & { readonly vhost: Vhost }> {
  let vhost = await sharedRabbitmq();
  const overview = await vhost.request('GET', 'overview');
  const isOld = /^3\./.test(String(Object(overview).rabbitmq_version));
  return {
    isPrefetchExact: isOld,
    get vhost() {
      return vhost;
    },
    port: vhost.port,
    url: (port = vhost.port) => `amqp://guest:guest@127.0.0.1:${port}/${vhost.name}`,
    reset: async () => {
      await vhost.remove();
      vhost = await sharedRabbitmq();
    },
    stop: () => vhost.remove(),
  };
}
