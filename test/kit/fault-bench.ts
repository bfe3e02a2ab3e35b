import { Redis } from 'ioredis';
import { Celery } from '../../lib/index.ts';
import { expectNoProcessLeft } from './leaks.ts';
import { Ledger } from './ledger.ts';
import { type TestProcess, umbel } from './process.ts';
import { waitUntil } from './wait-until.ts';

export interface FaultBenchOptions {
  /** Broker and result store as the client sees them. */
  readonly broker: string;
  readonly backend: string;
  /** The same as the workers see them, when something stands between. */
  readonly workerBroker?: string;
  /** Seconds. Default 2. */
  readonly lease?: number;
  /** Seconds. Default 3600. */
  readonly visibilityTimeout?: number;
  /** Counts the messages that wait in a queue or are not settled, where the broker is not Redis. */
  readonly held?: (queue: string) => Promise<number>;
}

/** A client, workers of the built command line, and the books of what they did, for tests that break something. */
export class FaultBench {
  readonly app: Celery;
  readonly ledger = new Ledger();
  /** The broker as it is, or the result store when the broker is not Redis. */
  readonly redis: Redis;
  readonly #options: FaultBenchOptions;
  readonly #workers: TestProcess[] = [];
  #launched = 0;

  constructor(options: FaultBenchOptions) {
    this.#options = options;
    this.redis = new Redis(options.held ? options.backend : options.broker, { protocol: 2 });
    this.redis.on('error', () => {});
    this.app = new Celery('client', { broker: options.broker, backend: options.backend });
  }

  /** Starts a worker, by default with two processes; does not wait until it is ready. */
  launch(...args: readonly string[]): TestProcess {
    const { broker, workerBroker = broker, backend, lease = 2, visibilityTimeout = 3600 } = this.#options;
    this.#launched += 1;
    const name = `w${this.#launched}@faults`;
    const defaults = args.includes('-c') ? [] : ['-c', '2'];
    const worker = umbel(
      ['-A', 'test/kit/faults-app.ts', 'worker', '-l', 'info', '-n', name, ...defaults, ...args],
      {
        env: {
          CELERY_BROKER_URL: workerBroker,
          CELERY_RESULT_BACKEND: backend,
          LEDGER: this.ledger.path,
          LEASE: String(lease),
          VISIBILITY_TIMEOUT: String(visibilityTimeout),
        },
      },
    );
    this.#workers.push(worker);
    return worker;
  }

  async worker(...args: readonly string[]): Promise<TestProcess> {
    const worker = this.launch(...args);
    await worker.waitFor(/ ready\./, 30_000);
    return worker;
  }

  /** Sends tasks with these ids; those whose enqueue was acknowledged are in the books. */
  async send(
    task: string,
    ids: readonly string[],
    ms: number,
    options: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        await this.app.sendTask(task, [id, ms], { taskId: id, ...options });
        this.ledger.accepted(id);
      }),
    );
  }

  /** Waits until so many different tasks have run to their end, and the broker holds no message of a task any more. */
  async drained(count: number, timeoutMs: number): Promise<void> {
    await waitUntil(`${count} tasks have run`, () => this.ledger.endedCount >= count, timeoutMs);
    await waitUntil('all are acknowledged', async () => (await this.held()) === 0, timeoutMs);
  }

  /** As `drained`, or until the broker has held nothing for three seconds: what has not run by then is lost. */
  async quiet(count: number, timeoutMs: number): Promise<void> {
    let emptySince = Number.POSITIVE_INFINITY;
    const isQuiet = async (): Promise<boolean> => {
      const isEmpty = (await this.held()) === 0;
      emptySince = isEmpty ? Math.min(emptySince, performance.now()) : Number.POSITIVE_INFINITY;
      return isEmpty && (this.ledger.endedCount >= count || performance.now() - emptySince > 3000);
    };
    await waitUntil('nothing is left to run', isQuiet, timeoutMs);
  }

  /** Messages that wait in a queue, and those that are taken but not settled. */
  async held(queue = 'celery'): Promise<number> {
    if (this.#options.held) return this.#options.held(queue);
    const [sample] = await (await this.app.transport()).sampleQueues([queue]);
    return (sample?.messages ?? 0) + (await this.redis.hlen('unacked'));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.stop('SIGKILL')));
    await this.app.close();
    this.redis.disconnect();
    await expectNoProcessLeft(`LEDGER=${this.ledger.path}`);
    this.ledger.close();
  }
}
