import { Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { type TestProcess, umbel } from './process.ts';
import { type PythonUrls, pythonWorker } from './python.ts';

/** A worker of each language with the tasks of the canvas tests, on the queues `py` and `ts`, and a client. */
export interface MixedWorkers {
  readonly app: Celery;
  /** For Python clients. */
  readonly urls: PythonUrls;
  readonly tsWorker: TestProcess;
  stop(): Promise<void>;
}

/** Starts them with the same settings; `name` is their host, `pool` says which pool is ours. */
export async function startMixedWorkers(
  name: string,
  place: { readonly broker: string; readonly backend: string; readonly pythonBackend?: string },
  conf: Readonly<Record<string, unknown>>,
  pool = '-P async -c 10',
): Promise<MixedWorkers> {
  const { broker, backend, pythonBackend = backend } = place;
  const urls = { broker, backend: pythonBackend, conf };
  const env = { BROKER_URL: broker, RESULT_BACKEND: backend, CONF: JSON.stringify(conf) };
  const args = `worker -l info ${pool} -n ts@${name} -Q ts`.split(' ');
  const tsWorker = umbel(['-A', 'test/interop/canvas_ts.mjs', ...args], { env });
  const pyWorker = await pythonWorker({ ...urls, queue: 'py' }, ['-n', `py@${name}`, '-c', '2']);
  await tsWorker.waitFor(/ready\./);
  const app = new Celery('client', { broker, backend, ...conf }, silentLogger);
  return {
    app,
    urls,
    tsWorker,
    stop: async () => {
      await app.close();
      await tsWorker.stop();
      await pyWorker.stop();
    },
  };
}
