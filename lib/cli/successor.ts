import { Companion } from './companion.ts';
import { EXIT } from './exit.ts';

/** Names the process that a successor takes over from. */
const MARK = 'UMBEL_SUCCESSOR_OF';

/** Whether this process was started by a worker that restarts: what belongs to the pid, such as the pid file, is its. */
export const isSuccessor = (): boolean => process.env[MARK] === String(process.ppid);

const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR1'] as const;

/**
 * Runs this same command again, and once more after each HUP, until it ends by itself or is stopped; returns its exit
 * code. Node cannot put a new program into a running process, as Celery's restart does. So the old process stays, as the
 * parent with the pid that supervisors and pid files know, and passes signals on.
 */
export async function runSuccessors(): Promise<number> {
  const [, , ...words] = process.argv;
  for (;;) {
    const next = new Companion(words, { [MARK]: String(process.pid) });
    let isRestarting = false;
    const pass = (signal: NodeJS.Signals): void => {
      isRestarting = signal === 'SIGHUP';
      next.signal(isRestarting ? 'SIGTERM' : signal);
    };
    const inspect = (signal: NodeJS.Signals): void => next.signal(signal);
    for (const signal of PASSED_ON) process.on(signal, signal === 'SIGUSR1' ? inspect : pass);
    process.on('SIGHUP', pass);
    const { code } = await next.ended;
    for (const signal of [...PASSED_ON, 'SIGHUP'] as const) process.off(signal, pass).off(signal, inspect);
    if (!isRestarting) return code ?? EXIT.failure;
  }
}
