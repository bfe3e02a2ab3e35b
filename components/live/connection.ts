import { io, type Socket } from 'socket.io-client';
import type { ClientToServer, ServerToClient } from '../../lib/contract/live.ts';

/** `live` while the socket is open; `waiting` between two tries. Times are milliseconds since the epoch. */
export interface ConnectionState {
  readonly phase: 'connecting' | 'live' | 'waiting';
  /** Since when it is open, or since when not. */
  readonly since: number;
  readonly nextTryAt: number | null;
}

export type LiveSocket = Socket<ServerToClient, ClientToServer>;

const DELAYS_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * The one socket of a page. It reconnects by its own clock and not by socket.io's, because the page tells people when
 * the next try is. Ends with `close()`.
 */
export class Connection {
  readonly socket: LiveSocket;
  #state: ConnectionState = { phase: 'connecting', since: Date.now(), nextTryAt: null };
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onChange: (state: ConnectionState) => void;

  constructor(prefix: string, onChange: (state: ConnectionState) => void) {
    this.#onChange = onChange;
    this.socket = io({
      path: `${prefix}/socket.io`,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnection: false,
      autoConnect: false,
    });
    this.socket.on('connect', () => this.#connected());
    this.socket.on('disconnect', () => this.#lost());
    this.socket.on('connect_error', () => this.#lost());
  }

  open(): void {
    this.socket.connect();
  }

  /** Does not wait for the clock. */
  tryNow(): void {
    if (this.#state.phase !== 'waiting') return;
    clearTimeout(this.#timer);
    this.#set({ phase: 'connecting', since: this.#state.since, nextTryAt: null });
    this.socket.connect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.socket.removeAllListeners();
    this.socket.disconnect();
  }

  #connected(): void {
    this.#attempt = 0;
    this.#set({ phase: 'live', since: Date.now(), nextTryAt: null });
  }

  #lost(): void {
    const delay = DELAYS_MS[Math.min(this.#attempt, DELAYS_MS.length - 1)] ?? 1_000;
    this.#attempt += 1;
    const since = this.#state.phase === 'live' ? Date.now() : this.#state.since;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.tryNow(), delay);
    this.#set({ phase: 'waiting', since, nextTryAt: Date.now() + delay });
  }

  #set(state: ConnectionState): void {
    this.#state = state;
    this.#onChange(state);
  }
}
