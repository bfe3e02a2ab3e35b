import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { CliExit, EXIT } from './exit.ts';

/** Tells the process in the background that it is one. */
const MARK = 'UMBEL_DETACHED';

/** What the process in the background says when it takes work, or why it does not. */
interface Report {
  readonly started?: string;
  /** False: it still tries. */
  readonly isReady?: boolean;
  readonly error?: string;
  readonly exitCode?: number;
}

export const isDetached = (): boolean => process.env[MARK] === '1';

/**
 * Starts this same command in the background, in a session of its own, and waits until it says that it is ready; when
 * it cannot be, its message and exit code are ours. `output` is an open file for what it writes; without one that is lost.
 */
export async function detach(output: number | null): Promise<string> {
  const [, ...words] = process.argv;
  const stream = output ?? 'ignore';
  const child = spawn(process.execPath, [...process.execArgv, ...words], {
    detached: true,
    stdio: ['ignore', stream, stream, 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  });
  if (output !== null) closeSync(output);
  const report = await new Promise<Report>((resolve) => {
    child.once('message', (message) => resolve({ ...Object(message) }));
    child.once('exit', (code, signal) =>
      resolve({ error: `Error: The worker has ended before it started (${signal ?? `exit code ${code}`}).` }),
    );
    child.once('error', (error) => resolve({ error: `Error: ${error.message}` }));
  });
  if (report.error !== undefined) throw new CliExit(report.exitCode ?? EXIT.failure, report.error);
  child.disconnect();
  child.unref();
  const warning = report.isReady === false ? '\nIt is not ready yet; its log says why.' : '';
  return `${report.started ?? ''} (pid ${child.pid})${warning}`;
}

/** In the background: the start has worked, or not. Nobody listens afterwards. */
export function reportStart(report: Report): Promise<void> {
  return new Promise((resolve) => {
    if (!isDetached() || !process.connected) {
      resolve();
      return;
    }
    process.send?.(report, () => resolve());
  });
}
