import { createConnection, isIP, type NetConnectOpts, type Socket } from 'node:net';
import { Fifo } from '../util/fifo.ts';
import { ConnectionLost, messageOf, ReplyError } from './failures.ts';
import { type ReplyForm, ReplyReader } from './reply-reader.ts';
import { tlsOptions } from './tls.ts';
import type { RedisAddress } from './url.ts';

export type Argument = string | number | Buffer;

/** What a server sends unasked on a connection that has subscribed: `message` or `pmessage` with its fields, as bytes. */
export type PushListener = (kind: 'message' | 'pmessage', fields: readonly unknown[]) => void;

/** Who waits for a reply. */
export interface Asked {
  readonly resolve: (reply: unknown) => void;
  /** With `ReplyError` or `ConnectionLost`. */
  readonly reject: (error: Error) => void;
  readonly form: ReplyForm;
}

interface Pending extends Asked {
  /** Replies that are still to come: subscriptions are confirmed name by name. */
  left: number;
}

export interface ConnectionEvents {
  readonly onClosed: () => void;
  readonly onPush: PushListener;
}

const KEEPALIVE_MS = 15_000;
const READ_BYTES = 64 * 1024;
/** What was written last may still leave after `end`; a server that is frozen does not take it. */
const LINGER_MS = 2000;
/** Text of one turn beyond which it is not held back for the end of the turn. */
const MAX_HELD = 64 * 1024;
const SUBSCRIBING: ReadonlySet<string> = new Set(['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe']);
const DONE = Promise.resolve();
const NEEDS_NO_LOGIN =
  /without any password configured|no password is set|wrong number of arguments for 'auth'/;

/**
 * One socket that speaks RESP2: commands out, in one write for each turn, and replies back in order. It connects once
 * and never again by itself: what must be repeated after a loss differs from command to command.
 */
export class Connection {
  readonly #address: RedisAddress;
  readonly #events: ConnectionEvents;
  readonly #reader: ReplyReader;
  readonly #pending = new Fifo<Pending>();
  #dialing: Socket | null = null;
  #socket: Socket | null = null;
  /** Commands of this turn. */
  #out = '';
  #isFlushPlanned = false;
  #hasSubscribed = false;
  #error: Error | null = null;
  #isEnded = false;
  #heardAt = 0;

  constructor(address: RedisAddress, events: ConnectionEvents) {
    this.#address = address;
    this.#events = events;
    this.#reader = new ReplyReader(
      (reply) => this.#onReply(reply),
      () => (this.#hasSubscribed ? 'bytes' : (this.#pending.peek()?.form ?? 'text')),
    );
  }

  /** Replies that are still to come. */
  get unanswered(): number {
    return this.#pending.size;
  }

  /** When anything came last, or was asked with nothing open; by `performance.now()`. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** The event loop was late: what came meanwhile has not been read yet, so count from now. */
  forgive(now: number): void {
    this.#heardAt = now;
  }

  /** Connects and logs in, as `name` in `CLIENT LIST`. Rejects with `ConnectionLost` or what the server says. */
  async connect(name: string): Promise<void> {
    const socket = await this.#dial();
    this.#socket = socket;
    this.#heardAt = performance.now();
    const { username, password, db } = this.#address;
    const login = password ? this.ask('auth', username ? [username, password] : [password]) : null;
    const selected = db === 0 ? null : this.ask('select', [db]);
    const named = this.ask('client', ['setname', name]);
    await Promise.all([login?.catch(ignoreNeedless), selected, named.catch(ignoreRefusal)]);
  }

  /** Sends one command; commands of one turn leave in one write. */
  ask(command: string, args: readonly Argument[]): Promise<unknown> {
    return new Promise((resolve, reject) => this.send(command, args, { resolve, reject, form: 'text' }));
  }

  /** As `ask`, for who wants no promise; with `isUrgent` the turn does not end before it leaves. */
  send(command: string, args: readonly Argument[], { resolve, reject, form }: Asked, isUrgent = false): void {
    if (this.#socket === null) {
      reject(this.#lost());
      return;
    }
    let left = 1;
    if (SUBSCRIBING.has(command)) {
      this.#hasSubscribed = true;
      left = args.length;
    }
    if (this.#pending.size === 0) this.#heardAt = performance.now();
    this.#pending.push({ resolve, reject, form, left });
    this.#write(command, args);
    if (isUrgent) this.#flush();
    else if (!this.#isFlushPlanned) {
      this.#isFlushPlanned = true;
      void DONE.then(this.#endTurn);
    }
  }

  /** Ends it; what waits for an answer rejects with `ConnectionLost`. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.destroySoon();
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    }
    this.#out = '';
    this.#dialing?.destroy();
    const lost = this.#lost();
    for (const { reject } of this.#pending.drain()) reject(lost);
  }

  async #dial(): Promise<Socket> {
    const socket = await this.#open();
    this.#dialing = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#onClose());
    if (this.#isEnded) socket.destroy();
    await new Promise<void>((resolve, reject) => {
      socket.once(this.#address.tls ? 'secureConnect' : 'connect', resolve);
      socket.once('close', () => reject(this.#lost()));
    });
    this.#dialing = null;
    return socket;
  }

  async #open(): Promise<Socket> {
    const { host, port, path, tls } = this.#address;
    const where = path ? { path } : { host, port };
    if (tls) {
      const { connect } = await import('node:tls');
      const serverName = isIP(host) === 0 ? { servername: host } : {};
      const socket = connect({ ...where, ...serverName, ...tlsOptions(tls) });
      socket.on('data', (chunk: Buffer) => this.#onData(chunk, chunk.length));
      return socket;
    }
    // All that comes passes through one buffer: a stream would make a new one for each read.
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (length: number): boolean => {
      this.#onData(buffer, length);
      return true;
    };
    const options: NetConnectOpts = { ...where, onread: { buffer, callback } };
    return createConnection(options);
  }

  #write(command: string, args: readonly Argument[]): void {
    let text = `*${args.length + 1}\r\n$${command.length}\r\n${command}\r\n`;
    for (const arg of args) {
      if (typeof arg === 'object') {
        this.#socket?.write(`${this.#out}${text}$${arg.length}\r\n`);
        this.#socket?.write(arg);
        this.#out = '';
        text = '\r\n';
      } else {
        const part = typeof arg === 'string' ? arg : String(arg);
        text += `$${Buffer.byteLength(part)}\r\n${part}\r\n`;
      }
    }
    this.#out += text;
    if (this.#out.length > MAX_HELD) this.#flush();
  }

  readonly #endTurn = (): void => {
    this.#isFlushPlanned = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#out === '') return;
    const text = this.#out;
    this.#out = '';
    this.#socket?.write(text);
  }

  #onData(chunk: Buffer, length: number): void {
    this.#heardAt = performance.now();
    try {
      this.#reader.read(chunk, length);
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
      this.#socket?.destroy();
    }
  }

  #onReply(reply: unknown): void {
    if (this.#hasSubscribed && this.#isPush(reply)) return;
    const asked = this.#pending.peek();
    if (!asked) return;
    asked.left -= 1;
    if (reply instanceof ReplyError) asked.left = 0;
    if (asked.left > 0) return;
    this.#pending.shift();
    if (reply instanceof ReplyError) asked.reject(reply);
    else asked.resolve(reply);
  }

  #isPush(reply: unknown): boolean {
    if (!Array.isArray(reply)) return false;
    const [kind, ...fields]: unknown[] = reply;
    const name = String(kind);
    if (name !== 'message' && name !== 'pmessage') return false;
    try {
      this.#events.onPush(name, fields);
    } catch (error) {
      // The listener's own fault: to be seen, and not to end what else came.
      process.nextTick(() => {
        throw error;
      });
    }
    return true;
  }

  #onClose(): void {
    if (this.#isEnded) return;
    const wasOpen = this.#socket !== null;
    this.end();
    if (wasOpen) this.#events.onClosed();
  }

  #lost(): ConnectionLost {
    const error = this.#error;
    return error === null
      ? new ConnectionLost('the connection was closed')
      : new ConnectionLost(messageOf(error), { cause: error });
  }
}

/** The server has no password; as redis-py and others we go on. */
function ignoreNeedless(error: unknown): void {
  if (!(error instanceof ReplyError && NEEDS_NO_LOGIN.test(error.message))) throw error;
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ReplyError)) throw error;
}
