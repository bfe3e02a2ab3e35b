import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Random, randomOf } from './random.ts';

export interface CuttingProxyOptions {
  /** Port of the server behind it. */
  readonly port: number;
  /** Bytes in one piece, at most. */
  readonly pieceBytes: number;
  /** What the client gets in place of the server's bytes. Default: the same. */
  readonly rewrite?: (data: Buffer) => Buffer;
}

/** A proxy on a port of its own that passes answers on in pieces of any size, and cuts them off anywhere. */
export class CuttingProxy {
  /** Draws the sizes of the pieces. */
  random: Random = randomOf(1);
  /** Bytes of answers until the connection is cut; null: never. */
  budget: number | null = null;
  readonly #options: CuttingProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: CuttingProxyOptions) {
    this.#options = options;
    this.#server = createServer((client) => this.#join(client));
  }

  static async start(options: CuttingProxyOptions): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const { port } = this.#server.address() as AddressInfo;
    return port;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(client: Socket): void {
    const upstream = connect(this.#options.port, '127.0.0.1');
    let passing = Promise.resolve();
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // The other end is gone: that is what is tested.
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    }
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      passing = passing.then(() => this.#passOn(client, data));
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  }

  async #passOn(to: Socket, answer: Buffer): Promise<void> {
    const { pieceBytes, rewrite } = this.#options;
    const data = rewrite ? rewrite(answer) : answer;
    for (let at = 0; at < data.length && !to.destroyed; ) {
      const length = Math.min(
        1 + this.random.below(pieceBytes),
        data.length - at,
        this.budget ?? data.length,
      );
      to.write(data.subarray(at, at + length));
      at += length;
      if (this.budget !== null) {
        this.budget -= length;
        if (this.budget <= 0) to.destroy();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
