import { ROOT, TestProcess } from './process.ts';
import { PYTHON } from './python.ts';

export interface PythonFaults {
  readonly broker: string;
  readonly backend: string;
  /** Path of the books that it writes in. */
  readonly ledger: string;
  /** Node name. */
  readonly name: string;
  /** Seconds. */
  readonly visibilityTimeout: number;
}

/** Starts a stock Python worker with the tasks of the fault tests; does not wait until it is ready. */
export function launchPythonFaults(options: PythonFaults, args: readonly string[] = []): TestProcess {
  const { broker, backend, ledger, name, visibilityTimeout } = options;
  const conf = { broker_transport_options: { visibility_timeout: visibilityTimeout } };
  const size = args.includes('-c') ? [] : ['-c', '2'];
  return new TestProcess(
    PYTHON,
    ['-m', 'celery', '-A', 'faults_app', 'worker', '-l', 'info', '-n', name, ...size, ...args],
    {
      cwd: `${ROOT}test/kit`,
      env: {
        BROKER_URL: broker,
        RESULT_BACKEND: backend,
        PY_CONF: JSON.stringify(conf),
        LEDGER: ledger,
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONWARNINGS: 'ignore',
        C_FORCE_ROOT: 'true',
      },
    },
  );
}
