import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** What is wrong with the network now. */
export type Fault =
  | { readonly kind: 'none' }
  /** New connections are refused. */
  | { readonly kind: 'refuse' }
  /** Bytes are swallowed in both directions, and nobody is told: a half-open connection. */
  | { readonly kind: 'stall' }
  /** Nothing is read from clients: what they send piles up on their side. */
  | { readonly kind: 'clog' }
  | { readonly kind: 'latency'; readonly ms: number };

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP proxy that misbehaves on demand. */
export class FaultProxy {
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #fault: Fault = { kind: 'none' };
  #cutAfter = Number.POSITIVE_INFINITY;
  #made = 0;
  #late: { readonly number: number; readonly ms: number } | null = null;
  #port = 0;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#connect(client));
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  url(db = 0): string {
    return `redis://127.0.0.1:${this.#port}/${db}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
  }

  async stop(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  set(fault: Fault): void {
    this.#fault = fault;
    for (const { client } of this.#pairs) {
      if (fault.kind === 'clog') client.pause();
      else client.resume();
    }
  }

  /** Resets every connection (RST, not FIN). */
  reset(): void {
    for (const pair of this.#pairs) this.#end(pair);
  }

  /** Resets every connection in the middle of a frame: once so many bytes more have come from the server. */
  cutAfter(bytes: number): void {
    this.#cutAfter = bytes;
  }

  /** What the server says on the connection that was made as the n-th comes so much later; null: on none. */
  delay(late: { readonly number: number; readonly ms: number } | null): void {
    this.#late = late;
  }

  #connect(client: Socket): void {
    if (this.#fault.kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = createConnection({ port: this.#targetPort, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    const pair = { client, server };
    this.#made += 1;
    const number = this.#made;
    this.#pairs.add(pair);
    for (const socket of [client, server]) {
      socket.on('error', () => this.#end(pair));
      socket.on('close', () => this.#end(pair));
    }
    client.on('data', (data) => this.#forward(server, data));
    server.on('data', (data) => {
      if (this.#cutAfter === Number.POSITIVE_INFINITY) {
        if (this.#late?.number === number) setTimeout(() => this.#forward(client, data), this.#late.ms);
        else this.#forward(client, data);
        return;
      }
      this.#forward(client, data.subarray(0, this.#cutAfter));
      this.#cutAfter -= data.length;
      if (this.#cutAfter > 0) return;
      this.#cutAfter = Number.POSITIVE_INFINITY;
      // The part that got through must arrive before the reset, and nothing behind it.
      server.pause();
      setTimeout(() => this.reset(), 1);
    });
  }

  #forward(to: Socket, data: Buffer): void {
    const fault = this.#fault;
    if (fault.kind === 'stall') return;
    if (fault.kind === 'latency') setTimeout(() => !to.destroyed && to.write(data), fault.ms);
    else if (!to.destroyed) to.write(data);
  }

  #end(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }
}
