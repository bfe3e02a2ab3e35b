import { createConnection, type Socket } from 'node:net';

/** A connection that shows replies as the bytes they are (latin1), one whole reply at a time. */
export class RawRedis {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isClosed = false;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake?.();
    });
    socket.on('error', () => {});
  }

  static open(target: number | string): Promise<RawRedis> {
    return new Promise((resolve, reject) => {
      const socket =
        typeof target === 'number' ? createConnection(target, '127.0.0.1') : createConnection(target);
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawRedis(socket)));
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes as they are. */
  write(bytes: string | Buffer): void {
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1');
    else this.#socket.write(bytes);
  }

  send(...args: readonly string[]): void {
    this.write(encodeCommand(args));
  }

  /** Sends and reads the reply. */
  async call(...args: readonly string[]): Promise<string> {
    this.send(...args);
    return this.read();
  }

  /** The next reply; `(closed)` when the connection has ended, `(nothing)` when none comes in time. */
  async read(timeoutMs = 5000): Promise<string> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const length = replyLength(this.#received, 0);
      if (length >= 0) {
        const reply = this.#received.toString('latin1', 0, length);
        this.#received = this.#received.subarray(length);
        return reply;
      }
      if (this.#isClosed) return '(closed)';
      const left = end - performance.now();
      if (left <= 0) return '(nothing)';
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

export function encodeCommand(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

/** Where the reply that begins at `start` ends; -1 when it is not complete. */
export function replyLength(bytes: Buffer, start: number): number {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return -1;
  const type = bytes.toString('latin1', start, start + 1);
  const count = Number(bytes.toString('latin1', start + 1, lineEnd));
  let at = lineEnd + 2;
  if ('$=!'.includes(type)) {
    if (count < 0) return at;
    return at + count + 2 <= bytes.length ? at + count + 2 : -1;
  }
  if (!'*~>%'.includes(type) || count < 0) return at;
  const items = type === '%' ? count * 2 : count;
  for (let i = 0; i < items; i += 1) {
    at = replyLength(bytes, at);
    if (at < 0) return -1;
  }
  return at;
}
