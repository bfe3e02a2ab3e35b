import { Celery, type CeleryConfig } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { MiniWorker } from './mini-worker.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

export interface MiniBenchOptions {
  /** Settings besides broker and result backend. */
  readonly settings?: CeleryConfig;
  /** Another kind of app. */
  readonly App?: typeof Celery;
  /** What the worker consumes. Default `celery`. */
  readonly queues?: readonly string[];
}

/** A Redis, an app, and the least that runs its tasks in this process: what a test of tasks and canvases needs. */
export class MiniBench {
  readonly redis: RedisServer;
  readonly app: Celery;
  readonly worker: MiniWorker;

  private constructor(redis: RedisServer, app: Celery) {
    this.redis = redis;
    this.app = app;
    this.worker = new MiniWorker(app);
  }

  static async start({ settings = {}, App = Celery, queues }: MiniBenchOptions = {}): Promise<MiniBench> {
    const redis = await startRedis();
    const app = new App('tasks', { broker: redis.url(0), backend: redis.url(1), ...settings }, silentLogger);
    const bench = new MiniBench(redis, app);
    await bench.worker.start(queues);
    return bench;
  }

  async stop(): Promise<void> {
    await this.worker.stop();
    await this.app.close();
    await this.redis.stop();
  }
}
