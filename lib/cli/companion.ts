import { type ChildProcess, spawn } from 'node:child_process';

/** How a process ended: with an exit code, or by a signal. */
export interface CompanionEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Another `umbel` command in a process of its own, outside of this one's group: Ctrl-C reaches it only through us, so
 * that things end in the right order. Over a channel it notices when we are gone.
 */
export class Companion {
  readonly ended: Promise<CompanionEnd>;
  readonly #process: ChildProcess;

  /** `isSilent`: what it prints is dropped; errors are shown all the same. */
  constructor(
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    { isSilent = false }: { readonly isSilent?: boolean } = {},
  ) {
    const [, main = ''] = process.argv;
    this.#process = spawn(process.execPath, [...process.execArgv, main, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', isSilent ? 'ignore' : 'inherit', 'inherit', 'ipc'],
      detached: true,
    });
    this.ended = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => resolve({ code, signal }));
      this.#process.once('error', () => resolve({ code: 1, signal: null }));
    });
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#process.kill(signal);
  }
}
