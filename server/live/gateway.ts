import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server, type Socket } from 'socket.io';
import { toError, UmbelError } from '../../lib/contract/errors.ts';
import type { ClientToServer, ServerToClient, SubscribeAnswer } from '../../lib/contract/live.ts';
import type { Logger } from '../../lib/util/logger.ts';
import type { Service } from '../../lib/util/service.ts';
import { refusalOf } from '../http/errors.ts';
import { keyOf, parseRequest } from './request.ts';
import type { RoomContext } from './room.ts';
import { RoomHost } from './room-host.ts';
import { openRoom } from './rooms/open-room.ts';
import { SlowSockets } from './slow-sockets.ts';

const TICK_MS = 125;
const MAX_ROOMS_PER_SOCKET = 20;
const MAX_ROOMS = 500;
const MAX_MESSAGE_BYTES = 100_000;
const MAX_SOCKETS = 2000;
const CUT_AFTER_MS = 30_000;

type LiveSocket = Socket<ClientToServer, ServerToClient>;

export interface GatewayOptions {
  readonly context: RoomContext;
  readonly http: HttpServer;
  /** URL prefix without a trailing slash, '' at the root. */
  readonly prefix: string;
  /** Whether the handshake comes from our own pages. */
  readonly isAllowed: (request: IncomingMessage) => boolean;
  readonly logger: Logger;
}

/**
 * The Socket.IO end of the dashboard: pages join rooms, rooms send what changed. Each delta is encoded once for all
 * viewers, and left out for those who do not keep up: the gap in the numbers makes them ask for a snapshot again.
 */
export class Gateway implements Service {
  readonly #context: RoomContext;
  readonly #logger: Logger;
  readonly #io: Server<ClientToServer, ServerToClient>;
  readonly #rooms = new Map<string, RoomHost>();
  readonly #slow = new SlowSockets(CUT_AFTER_MS / TICK_MS);
  #timer: NodeJS.Timeout | null = null;
  #unlisten: (() => void) | null = null;

  constructor({ context, http, prefix, isAllowed, logger }: GatewayOptions) {
    this.#context = context;
    this.#logger = logger;
    this.#io = new Server(http, {
      path: `${prefix}/socket.io`,
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      allowRequest: (request, callback) => {
        const isRoomLeft = this.#io.engine.clientsCount < MAX_SOCKETS;
        callback(null, isRoomLeft && isAllowed(request));
      },
    });
  }

  /** Rooms open now. */
  get roomCount(): number {
    return this.#rooms.size;
  }

  async start(): Promise<void> {
    if (this.#timer) return;
    this.#unlisten = this.#context.collector.feed.listen((changes) => {
      for (const room of this.#rooms.values()) room.note(changes);
    });
    this.#io.on('connection', (socket) => this.#welcome(socket));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#unlisten?.();
    this.#unlisten = null;
    // Closes the sockets and the HTTP server they came by.
    await this.#io.close();
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
  }

  #welcome(socket: LiveSocket): void {
    const joined = new Set<string>();
    socket.on('subscribe', (request: unknown, answer: unknown) => {
      if (typeof answer !== 'function') return;
      void this.#subscribe(socket, joined, request).then((value) => {
        answer(value);
        if (value.ok && joined.has(value.key)) void socket.join(value.key);
      });
    });
    socket.on('unsubscribe', (key: unknown) => {
      if (typeof key === 'string' && joined.delete(key)) this.#leave(socket, key);
    });
    socket.on('disconnect', () => {
      for (const key of joined) this.#leave(socket, key);
      joined.clear();
      this.#slow.forget(socket.id);
    });
  }

  async #subscribe(socket: LiveSocket, joined: Set<string>, value: unknown): Promise<SubscribeAnswer> {
    const request = parseRequest(value);
    if (request === null) return refusal(new UmbelError('bad_request', 'There is no such room.'));
    const key = keyOf(request);
    if (!joined.has(key) && joined.size >= MAX_ROOMS_PER_SOCKET) {
      return refusal(new UmbelError('conflict', `One page may be in ${MAX_ROOMS_PER_SOCKET} rooms at once.`));
    }
    let room = this.#rooms.get(key);
    if (!room && this.#rooms.size >= MAX_ROOMS) {
      return refusal(
        new UmbelError('unavailable', 'Too many different views are open. Close some and try again.'),
      );
    }
    try {
      room ??= this.#open(key, new RoomHost(key, openRoom(request, this.#context)));
      room.viewers.add(socket.id);
      joined.add(key);
      const { seq, snapshot } = await room.snapshot();
      return { ok: true, key, seq, snapshot };
    } catch (error) {
      if (joined.delete(key)) this.#leave(socket, key);
      return refusal(error);
    }
  }

  #open(key: string, room: RoomHost): RoomHost {
    this.#rooms.set(key, room);
    return room;
  }

  #leave(socket: LiveSocket, key: string): void {
    void socket.leave(key);
    const room = this.#rooms.get(key);
    if (!room) return;
    room.viewers.delete(socket.id);
    if (room.viewers.size > 0) return;
    this.#rooms.delete(key);
    room.close();
  }

  #tick(): void {
    const now = Date.now();
    this.#slow.check(this.#io.sockets.sockets.values());
    for (const room of this.#rooms.values()) {
      void this.#send(room, now);
    }
  }

  async #send(room: RoomHost, now: number): Promise<void> {
    try {
      const message = await room.take(now);
      if (message) this.#io.to(room.key).except(SlowSockets.ROOM).emit('delta', message);
    } catch (error) {
      this.#logger.warning(`The live view ${room.key} failed: ${toError(error).message}`);
    }
  }
}

function refusal(thrown: unknown): SubscribeAnswer {
  const { error } = refusalOf(thrown).body;
  return { ok: false, ...error };
}
