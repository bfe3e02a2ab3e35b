import { type Argument, type Asked, Connection } from './connection.ts';
import { ConnectionLost, isMissingScript, isReply, messageOf } from './failures.ts';
import type { Script } from './script.ts';
import type { RedisAddress } from './url.ts';

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
 * It tells how long the server has been silent, for the group's watchdog.
 */
export class Link {
  readonly name: string;
  /** The server's id of the present connection; 0 when it does not tell. */
  id = 0;
  readonly #address: RedisAddress;
  readonly #events: LinkEvents;
  #connection: Connection | null = null;
  #epoch = 0;

  constructor(address: RedisAddress, name: string, events: LinkEvents) {
    this.#address = address;
    this.name = name;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#connection !== null;
  }

  /** Milliseconds that the oldest question has waited since the server was last heard; 0 with nothing to wait for. */
  silenceMs(now: number): number {
    const connection = this.#connection;
    return connection === null || connection.unanswered === 0 ? 0 : now - connection.heardAt;
  }

  /** Milliseconds since anything came, with no question open; 0 otherwise. */
  idleMs(now: number): number {
    const connection = this.#connection;
    return connection === null || connection.unanswered > 0 ? 0 : now - connection.heardAt;
  }

  /** The event loop was late: what came meanwhile has not been read yet, so count from now. */
  forgiveSilence(now: number): void {
    this.#connection?.forgive(now);
  }

  /** Connects to the address of the constructor, or to where its master is now. */
  async open(timeoutMs: number, address = this.#address): Promise<void> {
    this.close();
    const epoch = this.#epoch;
    const connection = new Connection(address, {
      onClosed: () => this.#closed(connection),
      onPush: (kind, fields) => this.#pushed(kind, fields),
    });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      connection.end();
    }, timeoutMs);
    try {
      await connection.connect(`umbel:${this.name}`);
      if (epoch !== this.#epoch) throw new ConnectionLost('it was closed meanwhile');
      this.#connection = connection;
      this.id = await this.call('client', ['id']).then(Number, ignoreReply);
    } catch (error) {
      if (this.#connection === connection) this.#connection = null;
      connection.end();
      const reason = isLate ? `no answer within ${timeoutMs / 1000} s` : messageOf(error);
      throw new ConnectionLost(reason, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the connection without saying goodbye; what waits for an answer rejects with ConnectionLost. */
  close(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#epoch += 1;
    connection?.end();
  }

  /** Sends one command. Commands of one turn leave in one write. Rejects with ConnectionLost or the server's error. */
  call(command: string, args: readonly Argument[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => this.callThen(command, args, { resolve, reject, form: 'text' }));
  }

  /** As `call`, with bulk replies as bytes. */
  callBuffer(command: string, args: readonly Argument[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => this.callThen(command, args, { resolve, reject, form: 'bytes' }));
  }

  /** As `call`; see `runThen`. */
  callThen(command: string, args: readonly Argument[], asked: Asked, isUrgent = false): void {
    if (this.#connection) this.#connection.send(command, args, asked, isUrgent);
    else asked.reject(new ConnectionLost(`the ${this.name} connection is closed`));
  }

  /** As `call`, and the turn does not end before it leaves. */
  callNow(command: string, args: readonly Argument[]): Promise<unknown> {
    return new Promise((resolve, reject) =>
      this.callThen(command, args, { resolve, reject, form: 'text' }, true),
    );
  }

  /** Runs a script by its digest; sends its text once the server has forgotten it. */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return new Promise((resolve, reject) =>
      this.runThen(script, keys, args, { resolve, reject, form: 'text' }),
    );
  }

  /** As `run`, for who wants to go on while the reply is being read, before any promise has its turn. */
  runThen(script: Script, keys: readonly string[], args: readonly Argument[], asked: Asked): void {
    const rest = [keys.length, ...keys, ...args];
    const reject = (error: Error): void => {
      if (isMissingScript(error)) this.callThen('eval', [script.lua, ...rest], asked);
      else asked.reject(error);
    };
    this.callThen('evalsha', [script.sha, ...rest], { ...asked, reject });
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

  #closed(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    this.#events.onClosed(`the ${this.name} connection was closed`);
  }

  #pushed(kind: 'message' | 'pmessage', fields: readonly unknown[]): void {
    const pattern = kind === 'pmessage' ? String(fields[0]) : null;
    const [channel, message] = kind === 'pmessage' ? fields.slice(1) : fields;
    const name = String(channel);
    if (name === INVALIDATIONS) this.#events.onInvalidate?.(readKeys(message));
    else if (Buffer.isBuffer(message)) this.#events.onMessage?.(name, message, pattern);
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
