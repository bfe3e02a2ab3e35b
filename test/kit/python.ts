import { execFileSync } from 'node:child_process';
import { Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { ROOT, TestProcess } from './process.ts';
import { waitUntil } from './wait-until.ts';

const FOLDER = `${ROOT}test/interop`;
/** The Python whose Celery is the other side; `UMBEL_TEST_PYTHON` names another than Debian's. */
export const PYTHON = process.env['UMBEL_TEST_PYTHON'] ?? '/usr/bin/python3';

/** Settings that say by which exchange and under which names remote control reaches a worker. */
const WHERE_IT_LISTENS = new Set(['broker_transport_options', 'control_exchange']);

/** Whether the other side has this version of Celery, or a later one. */
export function isCeleryFrom(major: number, minor: number): boolean {
  const source = `import celery; print(int(celery.VERSION[:2] >= (${major}, ${minor})))`;
  return execFileSync(PYTHON, ['-c', source]).toString().trim() === '1';
}

/** Broker and result backend of the Python side. */
export interface PythonUrls {
  readonly broker: string;
  readonly backend: string;
  /** Default queue of the Python app. Default `celery`. */
  readonly queue?: string;
  /** More settings of the Python app. */
  readonly conf?: Readonly<Record<string, unknown>>;
}

function environment({ broker, backend, queue, conf }: PythonUrls): Record<string, string> {
  return {
    BROKER_URL: broker,
    RESULT_BACKEND: backend,
    ...(queue && { PY_QUEUE: queue }),
    ...(conf && { PY_CONF: JSON.stringify(conf) }),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONWARNINGS: 'ignore',
    C_FORCE_ROOT: 'true',
  };
}

/** Starts a Celery worker with the tasks of test/interop/tasks_py.py; resolves when it is ready and hears remote control. */
export async function pythonWorker(urls: PythonUrls, args: readonly string[] = []): Promise<TestProcess> {
  const worker = new TestProcess(
    PYTHON,
    [
      '-m',
      'celery',
      '-A',
      'tasks_py',
      'worker',
      '-l',
      'info',
      '--without-mingle',
      ...(args.includes('-c') ? [] : ['-c', '2']),
      ...args,
    ],
    { cwd: FOLDER, env: environment(urls) },
  );
  try {
    await untilItListens(worker, urls);
  } catch (error) {
    await worker.stop('SIGKILL');
    throw error;
  }
  return worker;
}

/**
 * Waits for a Python worker that was just started until it answers a ping. On Redis it says "ready" before its first
 * round of the event loop, in which it subscribes: a broadcast in between is heard by nobody.
 */
export async function untilItListens(worker: TestProcess, { broker, conf = {} }: PythonUrls): Promise<void> {
  await worker.waitFor(/\S+ ready\./, 30_000);
  const node = /(\S+) ready\./.exec(worker.output)?.[1] ?? '';
  const place = Object.fromEntries(Object.entries(conf).filter(([name]) => WHERE_IT_LISTENS.has(name)));
  const app = new Celery('kit', { broker, backend: 'disabled://', ...place }, silentLogger);
  try {
    const ask = app.control.inspect({ destination: [node], timeout: 0.5 });
    await waitUntil(`${node} answers a ping`, async () => node in (await ask.ping()), 30_000);
  } finally {
    await app.close();
  }
}

/** Runs statements and a last expression in Python, with the app and canvas in scope; returns the value as JSON. */
export async function python(urls: PythonUrls, source: string, timeoutMs = 30_000): Promise<unknown> {
  const run = new TestProcess(PYTHON, ['run_py.py', source], { cwd: FOLDER, env: environment(urls) });
  const code = await run.ended(timeoutMs);
  if (code !== 0) throw new Error(`python ended with ${code}:\n${run.output}`);
  return JSON.parse(run.output.trim().split('\n').at(-1) ?? 'null');
}

/** Runs Python's own command line, such as `celery inspect ping`; returns what it printed. */
export async function celery(urls: PythonUrls, args: readonly string[], timeoutMs = 30_000): Promise<string> {
  const run = new TestProcess(PYTHON, ['-m', 'celery', '-A', 'tasks_py', ...args], {
    cwd: FOLDER,
    env: environment(urls),
  });
  await run.ended(timeoutMs);
  return run.output;
}
