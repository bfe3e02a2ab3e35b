import { Celery } from '../../lib/index.ts';
import { freePort } from './free-port.ts';
import { type TestProcess, umbel } from './process.ts';

/** Dashboard with its engine, one worker, and a client, as a user starts them. */
export interface Stack {
  readonly url: string;
  readonly app: Celery;
  readonly dashboard: TestProcess;
  readonly worker: TestProcess;
  stop(): Promise<void>;
}

/** Starts the built command line on free ports; nothing is kept on disk. */
export async function startStack(tasks: string, workerArgs: readonly string[] = []): Promise<Stack> {
  const [port, enginePort] = [await freePort(), await freePort()];
  const dashboard = umbel([
    'flower',
    '--port',
    String(port),
    '--engine-port',
    String(enginePort),
    '--memory-only',
  ]);
  await dashboard.waitFor(new RegExp(`:${port}`));
  const [broker, backend] = [`redis://127.0.0.1:${enginePort}/0`, `redis://127.0.0.1:${enginePort}/1`];
  const worker = umbel(['-A', tasks, 'worker', '-l', 'info', '-n', 'w1@test', '-c', '2', ...workerArgs], {
    env: { CELERY_BROKER_URL: broker, CELERY_RESULT_BACKEND: backend },
  });
  await worker.waitFor(/ready\./);
  const app = new Celery('client', { broker, backend });
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    dashboard,
    worker,
    async stop() {
      await app.close();
      await worker.stop();
      await dashboard.stop();
    },
  };
}
