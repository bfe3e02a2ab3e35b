import { EventReceiver } from '../../lib/events/receiver.ts';
import { Celery } from '../../lib/index.ts';
import type { CeleryEvent } from '../../lib/protocol/event.ts';
import { expectNoProcessLeft } from './leaks.ts';
import { type TestProcess, umbel } from './process.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { waitUntil } from './wait-until.ts';

/** A Redis, a client, and workers of the built command line: what a worker test needs. */
export class WorkerBench {
  readonly redis: RedisServer;
  readonly app: Celery;
  readonly events: CeleryEvent[] = [];
  readonly #workers: TestProcess[] = [];
  #receiver: EventReceiver | null = null;

  private constructor(redis: RedisServer) {
    this.redis = redis;
    this.app = new Celery('client', { broker: redis.url(0), backend: redis.url(1) });
  }

  static async start(): Promise<WorkerBench> {
    return new WorkerBench(await startRedis());
  }

  get env(): Record<string, string> {
    return { CELERY_BROKER_URL: this.redis.url(0), CELERY_RESULT_BACKEND: this.redis.url(1) };
  }

  /** Starts a worker and waits until it is ready. */
  async worker(...args: string[]): Promise<TestProcess> {
    const worker = this.launch(...args);
    await worker.waitFor(/ ready\./);
    return worker;
  }

  launch(...args: string[]): TestProcess {
    return this.launchApp('test/integration/worker-app.ts', args);
  }

  /** A worker of another app, or with more in its environment. */
  launchApp(app: string, args: readonly string[], env: Record<string, string> = {}): TestProcess {
    const worker = umbel(['-A', app, 'worker', '-l', 'info', ...args], { env: { ...this.env, ...env } });
    this.#workers.push(worker);
    return worker;
  }

  /** Notes every event from now on. */
  async watch(): Promise<void> {
    this.#receiver = new EventReceiver({
      transport: await this.app.transport(),
      onEvents: (events) => this.events.push(...events),
    });
    await this.#receiver.start();
  }

  /** Types of the events of a task, once the last of them is there. */
  async eventsOf(uuid: string, last: string): Promise<string[]> {
    const types = (): string[] =>
      this.events.filter((event) => event['uuid'] === uuid).map(({ type }) => type);
    await waitUntil(`${last} of ${uuid}`, () => types().includes(last), 10_000);
    return types();
  }

  /** Messages that wait in a queue, and those that are taken but not settled. */
  async waiting(queue = 'celery'): Promise<number> {
    const [sample] = await (await this.app.transport()).sampleQueues([queue]);
    return sample?.messages ?? 0;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.stop('SIGKILL')));
    await this.#receiver?.stop();
    await this.app.close();
    await expectNoProcessLeft(`CELERY_BROKER_URL=${this.redis.url(0)}`);
    await this.redis.stop();
  }
}
