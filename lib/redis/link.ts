import type { Redis } from 'ioredis';
import { createClient } from './connect.ts';
import { ConnectionLost, isMissingScript, isReply, messageOf } from './failures.ts';
import { ioredis } from './library.ts';
import type { Script } from './script.ts';
import type { RedisAddress } from './url.ts';

export type Argument = string | number | Buffer;

export interface LinkEvents {
  readonly onClosed: (reason: string) => void;
  /** A message of a channel, or of a pattern (then `pattern` is set). */
  readonly onMessage?: (channel: string, message: Buffer, pattern: string | null) => void;
  /** Tracked keys changed; null: all of them. */
  readonly onInvalidate?: (keys: readonly string[] | null) => void;
}

const INVALIDATIONS = '__redis__:invalidate';

/**
 * One connection with one role. It can be opened again and again; each time it is a new connection with a new id.
 * It counts what it waits for, so that the group's watchdog sees when the server has gone silent.
 */
export class Link {
  readonly name: string;
  /** The server's id of the present connection; 0 when it does not tell. */
  id = 0;
  readonly #address: RedisAddress;
  readonly #events: LinkEvents;
  #client: Redis | null = null;
  #unanswered = 0;
  #heardAt = 0;
  #isCorked = false;
  #epoch = 0;

  constructor(address: RedisAddress, name: string, events: LinkEvents) {
    this.#address = address;
    this.name = name;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#client !== null;
  }

  /** Milliseconds that the oldest question has waited since the server was last heard; 0 with nothing to wait for. */
  silenceMs(now: number): number {
    return this.#unanswered === 0 ? 0 : now - this.#heardAt;
  }

  /** Milliseconds since anything came, with no question open; 0 otherwise. */
  idleMs(now: number): number {
    return this.#unanswered === 0 ? now - this.#heardAt : 0;
  }

  /** The event loop was late: what came meanwhile has not been read yet, so count from now. */
  forgiveSilence(now: number): void {
    this.#heardAt = now;
  }

  /** Connects to the address of the constructor, or to where its master is now. */
  async open(timeoutMs: number, address = this.#address): Promise<void> {
    this.close();
    const epoch = this.#epoch;
    const client = createClient(address, { name: `umbel:${this.name}`, timeoutMs });
    let lastError: unknown = null;
    client.on('error', (error) => {
      lastError = error;
    });
    // ioredis limits TCP and TLS only: a frozen server would hold the handshake for ever.
    const timer = setTimeout(() => {
      lastError ??= new Error(`no answer within ${timeoutMs / 1000} s`);
      client.disconnect();
    }, timeoutMs);
    try {
      await client.connect();
      // ioredis goes on in database 0 when SELECT is refused.
      if (isReply(lastError)) throw lastError;
      if (epoch !== this.#epoch) throw new ConnectionLost('it was closed meanwhile');
      this.#adopt(client);
      this.id = await this.call('client', ['id']).then(Number, ignoreReply);
    } catch (error) {
      if (this.#client === client) this.#client = null;
      client.disconnect();
      throw new ConnectionLost(messageOf(lastError ?? error), { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the connection without saying goodbye; what waits for an answer rejects with ConnectionLost. */
  close(): void {
    const client = this.#client;
    this.#client = null;
    this.#epoch += 1;
    client?.disconnect();
  }

  /** Sends one command. Commands of one turn leave in one write. Rejects with ConnectionLost or the server's error. */
  call(command: string, args: readonly Argument[] = []): Promise<unknown> {
    return this.#send(command, args, 'utf8');
  }

  /** As `call`, with bulk replies as bytes. */
  callBuffer(command: string, args: readonly Argument[] = []): Promise<unknown> {
    return this.#send(command, args, null);
  }

  #send(command: string, args: readonly Argument[], replyEncoding: 'utf8' | null): Promise<unknown> {
    const client = this.#client;
    if (!client) return Promise.reject(new ConnectionLost(`the ${this.name} connection is closed`));
    if (this.#unanswered === 0) this.#heardAt = performance.now();
    this.#unanswered += 1;
    this.#cork(client);
    const { Command } = ioredis();
    const request = new Command(command, [...args], { replyEncoding });
    return Promise.resolve(client.sendCommand(request)).then(
      (reply: unknown) => {
        this.#answered(client);
        return reply;
      },
      (error: unknown) => {
        this.#answered(client);
        throw isReply(error) ? error : new ConnectionLost(messageOf(error), { cause: error });
      },
    );
  }

  /** Runs a script by its digest; sends its text once the server has forgotten it. */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args];
    return this.call('evalsha', [script.sha, ...rest]).catch((error: unknown) => {
      if (!isMissingScript(error)) throw error;
      return this.call('eval', [script.lua, ...rest]);
    });
  }

  /** Runs commands as one transaction; answers with their replies. */
  async transaction(commands: readonly (readonly [string, ...Argument[]])[]): Promise<unknown[]> {
    const begun = this.call('multi');
    const queued = commands.map(([name, ...args]) => this.call(name, args));
    const executed = this.call('exec');
    const [replies] = await Promise.all([executed, begun, ...queued]);
    if (!Array.isArray(replies)) throw new ConnectionLost('the transaction was not run');
    const failed: unknown = replies.find((reply) => reply instanceof Error);
    if (failed) throw failed;
    return replies;
  }

  #adopt(client: Redis): void {
    this.#client = client;
    this.#unanswered = 0;
    this.#heardAt = performance.now();
    client.on('close', () => {
      if (this.#client !== client) return;
      this.#client = null;
      this.#events.onClosed(`the ${this.name} connection was closed`);
    });
    const { onMessage } = this.#events;
    client.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      this.#heardAt = performance.now();
      const name = channel.toString();
      if (name === INVALIDATIONS) this.#events.onInvalidate?.(readKeys(message));
      else onMessage?.(name, message, null);
    });
    client.on('pmessageBuffer', (pattern: string, channel: Buffer, message: Buffer) => {
      this.#heardAt = performance.now();
      onMessage?.(channel.toString(), message, pattern);
    });
  }

  #answered(client: Redis): void {
    if (this.#client !== client) return;
    this.#unanswered -= 1;
    this.#heardAt = performance.now();
  }

  /** Holds writes back until the end of this microtask turn: one system call for all of them. */
  #cork(client: Redis): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    const { stream } = client;
    stream.cork();
    queueMicrotask(() => {
      this.#isCorked = false;
      stream.uncork();
    });
  }
}

function readKeys(message: unknown): string[] | null {
  return Array.isArray(message) ? message.map(String) : null;
}

/**
 * A server that hides its ids (managed services): wake-ups fall back to short waits. One that wants a password and was
 * given none has said so by now.
 */
function ignoreReply(error: unknown): number {
  if (isReply(error) && !messageOf(error).startsWith('NOAUTH')) return 0;
  throw error;
}
