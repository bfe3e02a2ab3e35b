import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ROOT } from './process.ts';
import { PYTHON } from './python.ts';
import { waitUntil } from './wait-until.ts';

const PTY = fileURLToPath(new URL('./run_in_pty.py', import.meta.url));

// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes begin with one
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** The built command line on a real terminal of 80 by 24, for what draws a screen or asks questions. */
export class TestTerminal {
  readonly child: ChildProcess;
  output = '';

  constructor(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    this.child = spawn(PYTHON, [PTY, process.execPath, `${ROOT}dist/lib/cli/main.js`, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, NO_COLOR: '1', TERM: 'xterm', ...options.env },
    });
    this.child.stdout?.on('data', (data: Buffer) => {
      this.output = (this.output + data.toString()).slice(-500_000);
    });
  }

  /** The lines of the last whole frame, without escapes. */
  get screen(): string[] {
    const end = this.output.lastIndexOf('\u001b[J');
    const start = this.output.lastIndexOf('\u001b[H', end);
    return this.output
      .slice(start + 3, Math.max(start + 3, end))
      .replace(ESCAPES, '')
      .split(/\r+\n/);
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  resize(rows: number, columns: number): void {
    this.child.stdin?.write(`\0${rows}x${columns}\n`);
  }

  async waitForScreen(pattern: RegExp): Promise<void> {
    await waitUntil(`${pattern} on the screen`, () => pattern.test(this.screen.join('\n')), 15_000).catch(
      (error) => {
        throw new Error(`${error.message}\n${this.screen.join('\n')}`);
      },
    );
  }

  async waitFor(pattern: RegExp): Promise<void> {
    await waitUntil(`${pattern}`, () => pattern.test(this.output), 15_000).catch((error) => {
      throw new Error(`${error.message}\n${this.output.slice(-2000)}`);
    });
  }

  async ended(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, 'exit', { signal: AbortSignal.timeout(15_000) });
    return this.child.exitCode;
  }
}
