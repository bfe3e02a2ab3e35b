import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { toError, UmbelError } from '../../lib/contract/errors.ts';

const GRACE_MS = 500;

/** Where to listen: an address, or the path of a unix socket. */
export type Endpoint = { host: string; port: number } | { path: string };

/** A listening socket and the connections that came in by it. */
export class Listener {
  readonly #endpoint: Endpoint;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(endpoint: Endpoint, onSocket: (socket: Socket) => void) {
    this.#endpoint = endpoint;
    // A peer that has finished sending still gets its replies.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      onSocket(socket);
    });
    // One connection that could not be accepted; the server goes on.
    this.#server.on('error', () => {});
  }

  /** The port in use; 0 for a unix socket. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  async start(): Promise<void> {
    const endpoint = this.#endpoint;
    if ('path' in endpoint) await removeStaleSocket(endpoint.path);
    try {
      await this.#listen();
    } catch (thrown) {
      throw explain(toError(thrown), endpoint);
    }
    if ('path' in endpoint) chmodSync(endpoint.path, 0o600);
  }

  /** Stops listening and ends all connections; a peer gets half a second to take what was sent. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroySoon();
    const force = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, GRACE_MS);
    await closed;
    clearTimeout(force);
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#endpoint, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }
}

/** A socket file that nobody answers on is left over from a crash. */
async function removeStaleSocket(path: string): Promise<void> {
  const isAnswered = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (!isAnswered) rmSync(path, { force: true });
}

function explain(error: Error, endpoint: Endpoint): Error {
  const code = 'code' in error ? error.code : undefined;
  if ('path' in endpoint) {
    return new UmbelError('conflict', `Cannot listen on ${endpoint.path}: ${error.message}.`, {
      cause: error,
    });
  }
  const { host, port } = endpoint;
  if (code === 'EADDRINUSE') {
    return new UmbelError(
      'conflict',
      `Port ${port} is in use: another engine or program listens on ${host}:${port}.\nStop it, or choose another port with --engine-port.`,
      { cause: error },
    );
  }
  return new UmbelError('unavailable', `Cannot listen on ${host}:${port}: ${error.message}.`, {
    cause: error,
  });
}
