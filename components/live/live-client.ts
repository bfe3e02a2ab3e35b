import type { DeltaMessage, RoomName, RoomRequest, SubscribeAnswer } from '../../lib/contract/live.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { type RequestOf, Room, type Sink } from './room.ts';

/** The connection, and whether a person stopped the clock. */
export interface LiveState extends ConnectionState {
  /** Milliseconds since the epoch; null while not paused. */
  readonly pausedAt: number | null;
  /** Updates that arrived since then. */
  readonly waitingCount: number;
}

/** The eye gets one batch at most this often. */
const FLUSH_MS = 250;
/** A room is left only some time after its last viewer, so that going back and forth costs nothing. */
const LEAVE_AFTER_MS = 3_000;
/** A room the server refused is asked for again after this time. */
export const RETRY_MS = 5_000;

/**
 * The page's rooms over its one socket: subscribes once for all viewers of a request, keeps the merged data, asks again
 * after a gap or a reconnect. While paused nothing is applied: updates are counted and forgotten, resuming asks again.
 */
export class LiveClient {
  readonly #connection: Connection;
  readonly #rooms = new Map<string, Room>();
  readonly #listeners = new Set<() => void>();
  #state: LiveState = {
    phase: 'connecting',
    since: Date.now(),
    nextTryAt: null,
    pausedAt: null,
    waitingCount: 0,
  };
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #flushedAt = 0;

  constructor(prefix: string) {
    this.#connection = new Connection(prefix, (state) => this.#connectionChanged(state));
    this.#connection.socket.on('delta', (message) => this.#received(message));
  }

  /** Opens the socket; the returned function ends everything. */
  start(): () => void {
    this.#connection.open();
    return () => {
      clearTimeout(this.#flushTimer);
      for (const room of this.#rooms.values()) room.stopTimers();
      this.#connection.close();
    };
  }

  readonly getState = (): LiveState => this.#state;

  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  tryNow(): void {
    this.#connection.tryNow();
  }

  /** Stops showing news, or goes on with fresh snapshots. */
  togglePause(): void {
    if (this.#state.pausedAt === null) {
      for (const room of this.#rooms.values()) room.flush();
      this.#set({ pausedAt: Date.now(), waitingCount: 0 });
      return;
    }
    this.#set({ pausedAt: null, waitingCount: 0 });
    if (this.#state.phase === 'live') for (const room of this.#rooms.values()) this.#subscribe(room);
  }

  /** Asks at once for every room that was refused. */
  retryRefused(): void {
    for (const room of this.#rooms.values()) if (room.isRefused) this.#askAgain(room);
  }

  /** Watches a room; the returned function leaves it. */
  join<R extends RoomName>(request: RequestOf<R>, sink: Sink<R>): () => void {
    const id = JSON.stringify(request);
    const room = this.#room<R>(id, request);
    clearTimeout(room.leaveTimer);
    room.join(sink);
    return () => {
      room.sinks.delete(sink);
      if (room.sinks.size > 0) return;
      room.leaveTimer = setTimeout(() => this.#leave(id), LEAVE_AFTER_MS);
    };
  }

  #room<R extends RoomName>(id: string, request: RequestOf<R>): Room<R> {
    const known = this.#rooms.get(id);
    // The map is keyed by the request's text, which holds the room's name: the kinds are the same.
    if (known) return known as unknown as Room<R>;
    const room = new Room<R>(request);
    const stored = room as unknown as Room;
    this.#rooms.set(id, stored);
    if (this.#state.phase === 'live') this.#subscribe(stored);
    return room;
  }

  #leave(id: string): void {
    const room = this.#rooms.get(id);
    if (!room || room.sinks.size > 0) return;
    this.#rooms.delete(id);
    if (room.key !== null && this.#state.phase === 'live') {
      this.#connection.socket.emit('unsubscribe', room.key);
    }
  }

  #subscribe(room: Room): void {
    clearTimeout(room.retryTimer);
    room.generation += 1;
    const { generation } = room;
    this.#connection.socket.emit('subscribe', room.request as RoomRequest, (answer: SubscribeAnswer) => {
      if (generation !== room.generation) return;
      room.answered(answer, this.#state.pausedAt !== null);
      if (!answer.ok) room.retryTimer = setTimeout(() => this.#askAgain(room), RETRY_MS);
    });
  }

  /** Asks once more for a room that was refused, if somebody still looks at it. */
  #askAgain(room: Room): void {
    clearTimeout(room.retryTimer);
    if (room.sinks.size > 0 && this.#state.phase === 'live') this.#subscribe(room);
  }

  #received(message: DeltaMessage): void {
    const room = [...this.#rooms.values()].find((candidate) => candidate.key === message.key);
    if (!room) return;
    if (this.#state.pausedAt !== null) {
      this.#set({ waitingCount: this.#state.waitingCount + 1 });
      return;
    }
    if (!room.receive(message.seq, message.data)) {
      this.#subscribe(room);
      return;
    }
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#flushTimer !== undefined) return;
    const wait = Math.max(0, this.#flushedAt + FLUSH_MS - Date.now());
    this.#flushTimer = setTimeout(() => {
      this.#flushTimer = undefined;
      this.#flushedAt = Date.now();
      if (this.#state.pausedAt !== null) for (const room of this.#rooms.values()) room.discard();
      else for (const room of this.#rooms.values()) room.flush();
    }, wait);
  }

  #connectionChanged(state: ConnectionState): void {
    const wasLive = this.#state.phase === 'live';
    this.#set(state);
    if (state.phase === 'live' && !wasLive) {
      for (const room of this.#rooms.values()) this.#subscribe(room);
    }
    if (state.phase !== 'live') for (const room of this.#rooms.values()) room.key = null;
  }

  #set(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
