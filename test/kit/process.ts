import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Number of the user to run as; only root may say so. */
  readonly uid?: number;
}

/** A child process whose output is kept, and which is ended by its own pid. */
export class TestProcess {
  readonly child: ChildProcess;
  readonly #command: string;
  output = '';

  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    this.#command = [command, ...args].join(' ');
    this.child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.cwd ?? ROOT,
      ...(options.uid !== undefined && { uid: options.uid }),
      env: { ...process.env, ...options.env },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        this.output = (this.output + data.toString()).slice(-200_000);
      });
    }
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until the output has the pattern; throws with the output when it does not come. */
  async waitFor(pattern: RegExp, timeoutMs = 20_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!pattern.test(this.output)) {
      if (this.hasEnded || Date.now() > deadline) {
        throw new Error(`${this.#command}: no ${pattern} in its output:\n${this.output.slice(-4000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits for the end; returns the exit code, or null when a signal ended it. */
  async ended(timeoutMs = 20_000): Promise<number | null> {
    if (!this.hasEnded) await once(this.child, 'exit', { signal: AbortSignal.timeout(timeoutMs) });
    return this.child.exitCode;
  }

  /** Asks it to stop, kills it when it does not within ten seconds. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.hasEnded) return this.child.exitCode;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await once(this.child, 'exit');
    clearTimeout(timer);
    return this.child.exitCode;
  }
}

/** Runs the built command line: `umbel(['-A', 'tasks', 'worker'])`. */
export function umbel(args: readonly string[], options: ProcessOptions = {}): TestProcess {
  return new TestProcess(process.execPath, [`${ROOT}dist/lib/cli/main.js`, ...args], options);
}
