import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../../server/engine/engine.ts';
import { splitInline } from '../../server/engine/resp/inline.ts';
import { RawRedis } from '../kit/raw-redis.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { RESP2_ONLY, RESP3_ONLY, SECTIONS } from './engine-script.ts';

/** Each command goes to a real redis-server and to the engine; the bytes that come back must be the same. */
let redis: RedisServer;
let engine: Engine;

beforeAll(async () => {
  redis = await startRedis();
  engine = new Engine({ port: 0, dataDir: null });
  await engine.start();
});

afterAll(async () => {
  await engine.stop();
  await redis.stop();
});

interface Step {
  flags: string;
  connection: string;
  isSent: boolean;
  words: readonly string[];
}

function parse(line: string): Step {
  const words = splitInline(line) ?? [];
  const flags = /^[unt]$/.test(words[0] ?? '') ? (words.shift() ?? '') : '';
  const connection = words.shift() ?? '';
  return { flags, connection: connection.charAt(0), isSent: connection.endsWith('!'), words };
}

class Session {
  readonly #port: number;
  readonly #protocol: 2 | 3;
  readonly #open = new Map<string, RawRedis>();

  constructor(port: number, protocol: 2 | 3) {
    this.#port = port;
    this.#protocol = protocol;
  }

  async run({ connection, isSent, words }: Step): Promise<string> {
    const client = await this.#client(connection);
    if (words[0] === '<') return client.read(1000);
    if (words[0] === '--') return client.read(60);
    if (words[0] === 'wait') {
      await new Promise((resolve) => setTimeout(resolve, Number(words[1])));
      return '';
    }
    client.send(...words);
    return isSent ? '' : client.read(1000);
  }

  async #client(name: string): Promise<RawRedis> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const client = await RawRedis.open(this.#port);
    this.#open.set(name, client);
    await client.call('HELLO', String(this.#protocol));
    return client;
  }

  close(): void {
    for (const client of this.#open.values()) client.close();
  }
}

function normalize(reply: string, flags: string): string {
  if (flags === 'n') return reply.replace(/\d+/g, 'N');
  if (flags === 't')
    return reply.replace(/\d+/, (digits) => `about ${Math.round(Number(digits) / 10)}`.slice(0, 8));
  if (flags === 'u') return reply.split('\r\n').sort().join('\r\n');
  return reply;
}

async function transcript(port: number, protocol: 2 | 3, script: string): Promise<string[]> {
  const session = new Session(port, protocol);
  const lines: string[] = [];
  try {
    for (const line of script.trim().split('\n')) {
      const step = parse(line);
      const reply = await session.run(step);
      lines.push(`${line} => ${JSON.stringify(normalize(reply, step.flags))}`);
    }
  } finally {
    session.close();
  }
  return lines;
}

async function compare(protocol: 2 | 3, script: string): Promise<void> {
  for (const port of [redis.port, engine.port]) {
    const cleaner = await RawRedis.open(port);
    await cleaner.call('FLUSHALL');
    cleaner.close();
  }
  const [expected, found] = await Promise.all([
    transcript(redis.port, protocol, script),
    transcript(engine.port, protocol, script),
  ]);
  expect(found).toEqual(expected);
}

describe.each([2, 3] as const)('RESP%i: the engine answers as redis-server does', (protocol) => {
  const own = protocol === 2 ? RESP2_ONLY : RESP3_ONLY;
  test.each(Object.keys({ ...SECTIONS, ...own }))('%s', async (name) => {
    await compare(protocol, { ...SECTIONS, ...own }[name] ?? '');
  });
});
