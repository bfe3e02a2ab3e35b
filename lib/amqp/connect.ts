import type { Duplex } from 'node:stream';
import type { Channel, ChannelModel, credentials } from 'amqplib';
import { toError, UmbelError } from '../contract/errors.ts';
import { VERSION } from '../util/version.ts';
import { connectError } from './failures.ts';
import { repairProperties } from './table.ts';
import { tlsOptions } from './tls.ts';
import type { AmqpAddress } from './url.ts';

export interface ConnectOptions {
  readonly address: AmqpAddress;
  /** What the management pages call the connection. */
  readonly name: string;
  /** Seconds; the broker may lower it. 0: none. */
  readonly heartbeat: number;
  readonly timeoutMs: number;
  /** Celery's `broker_use_ssl`. */
  readonly useSsl: boolean | Readonly<Record<string, unknown>>;
  /** SASL mechanism: `PLAIN`, `AMQPLAIN` or `EXTERNAL`. */
  readonly loginMethod: string | null;
}

/** An open connection, and when bytes last came in on it. */
export interface AmqpLink {
  readonly model: ChannelModel;
  /** `performance.now()` of the last bytes from the broker. */
  readonly heardAt: () => number;
  /** Makes the broker say something: any question will do that every user may ask. */
  readonly ask: () => Promise<void>;
  /** Ends it without waiting for the broker to agree. */
  readonly destroy: () => void;
}

/** The parts of amqplib's connection that it does not publish. A test fails when a new version changes them. */
interface Internals {
  readonly stream: Duplex;
  readonly muxer: { _readIncoming: () => void };
  rest: Buffer;
  recvSinceLastCheck: boolean;
  recvFrame: () => unknown;
}

const FRAME_HEADER_BYTES = 7;
const FRAME_END_BYTES = 1;
const HEADER_FRAME = 2;

/** Opens one connection. Throws `UmbelError('unavailable' | 'unauthorized' | 'not_found' | 'bad_config')`. */
export async function openLink(options: ConnectOptions): Promise<AmqpLink> {
  const { address, timeoutMs, name } = options;
  const tls = tlsOptions(address, options.useSsl);
  // Loaded with the first connection: whoever uses another broker does not wait for it.
  const { connect, credentials } = await import('amqplib');
  const login = credentialsOf(options, credentials);
  let model: ChannelModel;
  try {
    model = await connect(
      {
        protocol: tls ? 'amqps' : 'amqp',
        hostname: address.host,
        port: address.port,
        vhost: encodeURIComponent(address.vhost),
        heartbeat: options.heartbeat,
      },
      {
        ...(tls ?? {}),
        timeout: timeoutMs,
        noDelay: true,
        keepAlive: true,
        credentials: login,
        clientProperties: { connection_name: name, product: 'umbel', version: VERSION },
      },
    );
  } catch (error) {
    throw connectError(error, address);
  }
  return improve(model);
}

function credentialsOf(
  { address, loginMethod }: ConnectOptions,
  kinds: typeof credentials,
): { mechanism: string; response(): Buffer } {
  const { username, password } = address;
  const method = (address.loginMethod ?? loginMethod ?? 'PLAIN').toUpperCase();
  switch (method) {
    case 'PLAIN':
      return kinds.plain(username, password);
    case 'AMQPLAIN':
      return kinds.amqplain(username, password);
    case 'EXTERNAL':
      return kinds.external();
    default:
      throw new UmbelError(
        'bad_config',
        `There is no login method "${method}". There are PLAIN, AMQPLAIN and EXTERNAL.`,
      );
  }
}

/**
 * Makes amqplib read what Python writes (see table.ts), write what one turn of the event loop sends as one piece, and
 * tell when it last heard from the broker.
 */
function improve(model: ChannelModel): AmqpLink {
  const inner = internalsOf(model);
  const { stream, muxer } = inner;
  const decodeFrame = inner.recvFrame.bind(inner);
  const writeFrames = muxer._readIncoming.bind(muxer);
  let heardAt = performance.now();
  inner.recvFrame = () => {
    for (;;) {
      const size = frameSize(inner.rest);
      if (size !== null) {
        if (inner.rest[0] === HEADER_FRAME) repair(inner.rest.subarray(FRAME_HEADER_BYTES, size - 1));
        return decodeFrame();
      }
      const bytes: unknown = stream.read();
      if (!(bytes instanceof Buffer)) return false;
      heardAt = performance.now();
      inner.recvSinceLastCheck = true;
      inner.rest = inner.rest.length === 0 ? bytes : Buffer.concat([inner.rest, bytes]);
    }
  };
  muxer._readIncoming = () => {
    stream.cork();
    try {
      writeFrames();
    } finally {
      stream.uncork();
    }
  };
  return {
    model,
    heardAt: () => heardAt,
    ask: questioner(model),
    destroy: () => stream.destroy(new Error('given up')),
  };
}

/** Asks on one channel that is opened for it: brokers watch how many are opened and closed. */
function questioner(model: ChannelModel): () => Promise<void> {
  let opened: Promise<Channel> | null = null;
  const open = async (): Promise<Channel> => {
    const channel = await model.createChannel();
    channel.on('error', () => {});
    channel.on('close', () => {
      opened = null;
    });
    return channel;
  };
  return async () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    await (await opened).prefetch(1);
  };
}

/** Bytes of the first frame, or null while it is not complete. */
function frameSize(bytes: Buffer): number | null {
  if (bytes.length < FRAME_HEADER_BYTES) return null;
  const size = FRAME_HEADER_BYTES + bytes.readUInt32BE(3) + FRAME_END_BYTES;
  return bytes.length < size ? null : size;
}

function repair(payload: Buffer): void {
  try {
    repairProperties(payload);
  } catch {
    // Cut short or nonsense: the decoder says so.
  }
}

function internalsOf({ connection }: ChannelModel): Internals {
  const inner: unknown = connection;
  if (isInternals(inner)) return inner;
  throw new UmbelError(
    'internal',
    toError('This version of amqplib is built otherwise than expected.').message,
  );
}

function isInternals(value: unknown): value is Internals {
  return (
    value !== null &&
    typeof value === 'object' &&
    'recvFrame' in value &&
    typeof value.recvFrame === 'function' &&
    'rest' in value &&
    value.rest instanceof Buffer &&
    'stream' in value &&
    'muxer' in value
  );
}
