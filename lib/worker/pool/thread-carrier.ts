import { Writable } from 'node:stream';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import { toError } from '../../contract/errors.ts';
import type { Logger } from '../../util/logger.ts';
import { originalOf } from '../../util/redirect.ts';
import type { Carrier, CarrierListener } from './carrier.ts';
import type { ToChild } from './ipc.ts';

export interface ThreadCarrierOptions {
  /** The compiled entry of pool children. */
  readonly path: string;
  /** `ThreadPoolWorker-1`: shown by the system's tools too. */
  readonly name: string;
  readonly resourceLimits: ResourceLimits;
  readonly logger: Logger;
}

/** A thread of the worker's process, with an event loop and a heap of its own. */
export class ThreadCarrier implements Carrier {
  readonly pid: number = process.pid;
  readonly #thread: Worker;

  constructor({ path, name, resourceLimits, logger }: ThreadCarrierOptions, listener: CarrierListener) {
    this.#thread = new Worker(path, { name, resourceLimits, stdout: true, stderr: true });
    this.#thread.stdout.pipe(directly(process.stdout));
    this.#thread.stderr.pipe(directly(process.stderr));
    this.#thread.on('message', (message) => listener.onMessage(message));
    let cause = '';
    this.#thread.on('error', (thrown) => {
      const error = toError(thrown);
      cause = ` (${error.name}: ${error.message})`;
      logger.error(`Thread '${name}' threw outside of its task: ${error.stack ?? error.message}`);
    });
    // What the thread said before has been passed on by then.
    this.#thread.once('exit', (code) => listener.onGone(`exitcode ${code}${cause}`));
  }

  send(message: ToChild): void {
    this.#thread.postMessage(message);
  }

  kill(): void {
    void this.#thread.terminate();
  }
}

/** To the output itself: what a thread prints is a log line of its own already. */
function directly(stream: NodeJS.WriteStream): Writable {
  return new Writable({
    write: (chunk, _encoding, done) => {
      Reflect.apply(originalOf(stream), stream, [chunk, done]);
    },
  });
}
