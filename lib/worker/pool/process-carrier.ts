import { type ChildProcess, fork } from 'node:child_process';
import type { Carrier, CarrierListener } from './carrier.ts';
import type { ToChild } from './ipc.ts';
import type { Leash } from './leash.ts';
import { signalNumber } from './signal-number.ts';

export interface ProcessCarrierOptions {
  /** The compiled entry of pool children. */
  readonly path: string;
  /**
   * How long a process that has ended may be followed by what it said before. Its channel is read to the end first, but
   * a process that the task started may hold the channel open.
   */
  readonly lostWaitMs: number;
  /** Open file that takes its output; null for that of this process. */
  readonly outputFd: number | null;
  /** Lets the system end it with this process; null where that cannot be. */
  readonly leash: Leash | null;
}

/** A process of its own, with Node's channel. */
export class ProcessCarrier implements Carrier {
  readonly #process: ChildProcess;
  readonly #listener: CarrierListener;
  readonly #lostWaitMs: number;
  #isGone = false;

  constructor({ path, lostWaitMs, outputFd, leash }: ProcessCarrierOptions, listener: CarrierListener) {
    this.#listener = listener;
    this.#lostWaitMs = lostWaitMs;
    const output = outputFd ?? 'inherit';
    this.#process = fork(path, [], {
      serialization: 'json',
      stdio: ['ignore', output, output, 'ipc'],
      ...(leash !== null && {
        execPath: leash.path,
        execArgv: [...leash.args, process.execPath, ...process.execArgv],
      }),
    });
    this.#process.on('message', (message) => listener.onMessage(message));
    // A channel that breaks is followed by `exit`, which says all there is to say; a failed start is not.
    this.#process.on('error', (error) => {
      if (this.#process.pid === undefined) this.#end(error.message);
    });
    this.#process.once('exit', (code, signal) =>
      this.#onExit(signal === null ? `exitcode ${code ?? 0}` : `signal ${signalNumber(signal)} (${signal})`),
    );
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  send(message: ToChild): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  #onExit(text: string): void {
    if (!this.#process.connected) {
      this.#end(text);
      return;
    }
    const timeout = setTimeout(() => this.#end(text), this.#lostWaitMs);
    this.#process.once('disconnect', () => {
      clearTimeout(timeout);
      this.#end(text);
    });
  }

  #end(text: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#listener.onGone(text);
  }
}
