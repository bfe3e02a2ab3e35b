import { execFileSync } from 'node:child_process';
import { ROOT, TestProcess } from './process.ts';

const FOLDER = `${ROOT}test/interop`;
/** The Python whose Celery is the other side; `UMBEL_TEST_PYTHON` names another than Debian's. */
export const PYTHON = process.env['UMBEL_TEST_PYTHON'] ?? '/usr/bin/python3';

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

/** Starts a Celery worker with the tasks of test/interop/tasks_py.py; resolves when it is ready. */
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
  await worker.waitFor(/ready\./, 30_000);
  return worker;
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
