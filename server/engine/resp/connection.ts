import type { Socket } from 'node:net';
import { toError } from '../../../lib/contract/errors.ts';
import type { Client, Outlet } from '../client.ts';
import { Args } from './args.ts';
import { ProtocolError, RequestParser } from './parser.ts';
import type { Chunk } from './reply.ts';

/** Bytes not yet taken by the peer beyond which no further command of it is run. */
const BACKPRESSURE = 1024 * 1024;
/** Changes that the log has not begun to write beyond which no writer's next command is run. */
const LOG_BACKPRESSURE = 32 * 1024 * 1024;
/** A subscriber that falls behind by this much is disconnected; by half a minute's worth, too. */
const PUBSUB_HARD = 32 * 1024 * 1024;
const PUBSUB_SOFT = 8 * 1024 * 1024;
const PUBSUB_SOFT_MS = 60_000;

/** What a connection needs of the engine. */
export interface ConnectionHost {
  /** The client of a new connection. */
  connect(outlet: Outlet): Client;
  disconnect(client: Client): void;
  execute(client: Client, args: Args): void;
  /** After a data event: sends what other clients got by it. */
  settle(): void;
  /** The last log batch that is on disk. */
  readonly durableBatch: number;
  /** Changes that wait to be written, in bytes. */
  readonly logBacklog: number;
  /** Calls `release` when more batches are on disk. */
  awaitCommit(connection: Committable): void;
}

/** Holds replies until the log has been written. */
export interface Committable {
  /** Sends what waited for batches up to `batch`. */
  release(batch: number): void;
  /** The batch could not be written: answers the commands that waited for it with an error. */
  refuse(message: string): void;
}

interface Held {
  readonly batch: number;
  readonly chunks: Chunk[];
  readonly bytes: number;
  readonly replies: number;
}

/**
 * One client's socket: bytes to commands, replies to bytes. The replies of one data event are joined; those of a write
 * wait until its log batch is on disk, and what comes after them on this connection waits behind them.
 * A peer that does not read its replies is not read from either.
 */
export class Connection implements Outlet, Committable {
  readonly remote: string;
  readonly local: string;
  readonly client: Client;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #parser = new RequestParser();
  readonly #args = new Args();
  #held: Held[] = [];
  #heldBytes = 0;
  #isChoked = false;
  #isProcessing = false;
  #isOver = false;
  #behindSince = 0;

  constructor(socket: Socket, host: ConnectionHost, path: string | null) {
    this.#socket = socket;
    this.#host = host;
    this.remote = path === null ? `${socket.remoteAddress}:${socket.remotePort}` : `${path}:0`;
    this.local = path === null ? `${socket.localAddress}:${socket.localPort}` : `${path}:0`;
    this.client = host.connect(this);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => this.#unchoke());
    socket.on('end', () => this.end());
    // The peer went away: `close` follows and cleans up.
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
  }

  get pendingBytes(): number {
    return this.#heldBytes + this.#socket.writableLength + this.client.reply.size;
  }

  flush(): void {
    const { reply, awaitedBatch } = this.client;
    const bytes = reply.size;
    if (bytes > 0 && !this.#isOver) {
      const replies = reply.count;
      const chunks = reply.take();
      if (this.#held.length > 0 || awaitedBatch > this.#host.durableBatch) {
        this.#held.push({ batch: awaitedBatch, chunks, bytes, replies });
        this.#heldBytes += bytes;
        this.#host.awaitCommit(this);
      } else this.#write(chunks);
    }
    if (this.client.subscriptions > 0) this.#checkSubscriber();
    if (this.client.isClosing && this.#held.length === 0) this.#socket.end();
  }

  release(batch: number): void {
    let sent = 0;
    for (const held of this.#held) {
      if (held.batch > batch) break;
      this.#write(held.chunks);
      this.#heldBytes -= held.bytes;
      sent += 1;
    }
    this.#held.splice(0, sent);
    if (this.#held.length > 0) this.#host.awaitCommit(this);
    this.#afterRelease();
  }

  refuse(message: string): void {
    for (const held of this.#held) {
      for (let i = 0; i < held.replies; i += 1) this.#socket.write(`-${message}\r\n`);
    }
    this.#held = [];
    this.#heldBytes = 0;
    this.#afterRelease();
  }

  resume(): void {
    if (this.#isProcessing || this.#isChoked) return;
    this.#socket.resume();
    this.#process();
  }

  end(): void {
    this.client.isClosing = true;
    this.flush();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#parser.feed(chunk);
    if (!this.#isChoked) this.#process();
    if (this.client.block !== null && this.#parser.pending > BACKPRESSURE) this.#socket.pause();
    this.#host.settle();
  }

  #process(): void {
    const { client } = this;
    this.#isProcessing = true;
    client.lastActiveAt = Date.now();
    try {
      while (client.block === null && !client.isClosing && !this.#mustChoke()) {
        this.#parser.restricted = !client.isAuthenticated;
        if (!this.#parser.next(this.#args)) break;
        this.#host.execute(client, this.#args);
      }
    } catch (thrown) {
      this.#protocolError(thrown);
    }
    this.#isProcessing = false;
    this.flush();
  }

  #protocolError(thrown: unknown): void {
    const error = toError(thrown);
    if (!(error instanceof ProtocolError)) throw error;
    this.client.reply.count += 1;
    this.client.reply.error(`ERR ${error.message}`);
    this.client.isClosing = true;
  }

  #mustChoke(): boolean {
    const isBehind = this.#host.logBacklog > LOG_BACKPRESSURE;
    if (isBehind || this.client.reply.size > BACKPRESSURE) this.flush();
    const isFull = this.#heldBytes + this.#socket.writableLength > BACKPRESSURE;
    // A commit, which takes the backlog away, releases what is held.
    if (!isFull && !(isBehind && this.#held.length > 0)) return false;
    this.#isChoked = true;
    this.#socket.pause();
    return true;
  }

  #unchoke(): void {
    if (!this.#isChoked || this.#heldBytes + this.#socket.writableLength > BACKPRESSURE) return;
    this.#isChoked = false;
    this.#socket.resume();
    this.#process();
    this.#host.settle();
  }

  #afterRelease(): void {
    this.#unchoke();
    if (this.client.isClosing && this.#held.length === 0) this.#socket.end();
  }

  #write(chunks: readonly Chunk[]): void {
    if (this.#isOver) return;
    if (chunks.length > 1) this.#socket.cork();
    for (const chunk of chunks) {
      if (typeof chunk === 'string') this.#socket.write(chunk, 'latin1');
      else this.#socket.write(chunk);
    }
    if (chunks.length > 1) this.#socket.uncork();
  }

  #checkSubscriber(): void {
    const pending = this.pendingBytes;
    if (pending <= PUBSUB_SOFT) {
      this.#behindSince = 0;
      return;
    }
    this.#behindSince ||= Date.now();
    if (pending > PUBSUB_HARD || Date.now() - this.#behindSince > PUBSUB_SOFT_MS) this.destroy();
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held = [];
    this.#heldBytes = 0;
    this.#host.disconnect(this.client);
  }
}
