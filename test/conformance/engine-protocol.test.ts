import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../../server/engine/engine.ts';
import { encodeCommand, RawRedis } from '../kit/raw-redis.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/** Bytes that are no proper commands, and commands before login: both servers answer alike. */
let redis: RedisServer;
let engine: Engine;
let lockedRedis: RedisServer;
let lockedEngine: Engine;

beforeAll(async () => {
  redis = await startRedis();
  lockedRedis = await startRedis();
  const setup = await RawRedis.open(lockedRedis.port);
  await setup.call('CONFIG', 'SET', 'requirepass', 'secret');
  setup.close();
  engine = new Engine({ port: 0, dataDir: null });
  lockedEngine = new Engine({ port: 0, dataDir: null, password: 'secret' });
  await Promise.all([engine.start(), lockedEngine.start()]);
});

afterAll(async () => {
  await Promise.all([engine.stop(), lockedEngine.stop(), redis.stop(), lockedRedis.stop()]);
});

/** Everything that comes back until the connection closes or nothing comes for a while. */
async function answers(port: number, bytes: string): Promise<string[]> {
  const client = await RawRedis.open(port);
  client.write(bytes);
  const replies: string[] = [];
  for (;;) {
    const reply = await client.read(100);
    if (reply === '(nothing)') break;
    replies.push(reply);
    if (reply === '(closed)') break;
  }
  client.close();
  return replies;
}

const LONG = 'x'.repeat(70_000);

test.each([
  ['an inline command', 'PING\r\n'],
  ['an inline command without carriage return', 'PING\nECHO hi\n'],
  ['quotes and escapes', 'ECHO "a\\x41\\n \\"b" \r\nECHO \'it\\\'s\'\r\n'],
  ['empty lines', '\r\n\r\nPING\r\n'],
  ['quotes that do not close', 'ECHO "abc\r\nPING\r\n'],
  ['text after a closing quote', 'ECHO "a"b\r\n'],
  ['an endless line', LONG],
  ['a negative number of arguments', '*-1\r\nPING\r\n'],
  ['no arguments', '*0\r\nPING\r\n'],
  ['a number of arguments that is none', '*abc\r\n'],
  ['an empty number of arguments', '*\r\n'],
  ['too many arguments', '*3000000000\r\n'],
  ['an argument without dollar', '*1\r\n:4\r\n'],
  ['a negative length', '*1\r\n$-1\r\n'],
  ['a length that is none', '*1\r\n$x\r\n'],
  ['a length beyond the limit', '*1\r\n$536870913\r\n'],
  ['an endless header', `*${'1'.repeat(70_000)}`],
  ['an endless length', `*1\r\n$${'1'.repeat(70_000)}`],
  [
    'a pipeline with an error in the middle',
    `${encodeCommand(['PING'])}*1\r\n!\r\n${encodeCommand(['PING'])}`,
  ],
  ['a pipeline after QUIT', `${encodeCommand(['QUIT'])}${encodeCommand(['PING'])}`],
  ['an empty argument', encodeCommand(['ECHO', ''])],
  ['an empty command name', encodeCommand([''])],
  ['lower case', encodeCommand(['ping'])],
])('%s', async (_name, bytes) => {
  const [expected, found] = await Promise.all([answers(redis.port, bytes), answers(engine.port, bytes)]);
  expect(found).toEqual(expected);
});

test.each([
  ['a command before login', encodeCommand(['GET', 'k'])],
  ['an unknown command before login', encodeCommand(['NOPE'])],
  ['a wrong password', encodeCommand(['AUTH', 'wrong'])],
  ['a wrong user', encodeCommand(['AUTH', 'nobody', 'secret'])],
  ['login', encodeCommand(['AUTH', 'secret']) + encodeCommand(['GET', 'k'])],
  ['login by name', encodeCommand(['AUTH', 'default', 'secret']) + encodeCommand(['PING'])],
  ['HELLO before login', encodeCommand(['HELLO', '3'])],
  ['HELLO with a wrong password', encodeCommand(['HELLO', '3', 'AUTH', 'default', 'wrong'])],
  ['QUIT before login', encodeCommand(['QUIT'])],
  ['RESET logs out', encodeCommand(['AUTH', 'secret']) + encodeCommand(['RESET']) + encodeCommand(['PING'])],
  ['many arguments before login', '*11\r\n'],
  ['a long argument before login', '*1\r\n$16385\r\n'],
])('with a password: %s', async (_name, bytes) => {
  const [expected, found] = await Promise.all([
    answers(lockedRedis.port, bytes),
    answers(lockedEngine.port, bytes),
  ]);
  expect(found).toEqual(expected);
});

test('HELLO with AUTH and SETNAME answers with the seven facts', async () => {
  const bytes = encodeCommand(['HELLO', '3', 'AUTH', 'default', 'secret', 'SETNAME', 'w1']);
  const named = bytes + encodeCommand(['CLIENT', 'GETNAME']);
  const [expected, found] = await Promise.all([
    answers(lockedRedis.port, named),
    answers(lockedEngine.port, named),
  ]);
  const withoutId = (replies: string[]): string[] =>
    replies.map((reply) => reply.replace(/id\r\n:\d+/, 'id'));
  expect(withoutId(found)).toEqual(withoutId(expected));
});

test('a command cut at every byte gives the same reply', async () => {
  const bytes = encodeCommand(['SET', 'cut', 'some value\r\n$3\r\n*1\r\n']) + encodeCommand(['GET', 'cut']);
  const client = await RawRedis.open(engine.port);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    client.write(bytes.slice(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    client.write(bytes.slice(cut));
    expect([await client.read(), await client.read()]).toEqual([
      '+OK\r\n',
      '$20\r\nsome value\r\n$3\r\n*1\r\n\r\n',
    ]);
  }
  client.close();
});

test('a value of 32 MB in a pipeline comes back whole', async () => {
  const value = 'y'.repeat(32 * 1024 * 1024);
  const client = await RawRedis.open(engine.port);
  client.write(encodeCommand(['SET', 'large', value]) + encodeCommand(['STRLEN', 'large']));
  expect(await client.read()).toBe('+OK\r\n');
  expect(await client.read()).toBe(`:${value.length}\r\n`);
  client.close();
});

test('a request of a browser is cut off', async () => {
  const [expected, found] = await Promise.all(
    [redis.port, engine.port].map((port) =>
      answers(port, 'POST / HTTP/1.1\r\nHost: localhost\r\n\r\nPING\r\n'),
    ),
  );
  expect(found).toEqual(expected);
});
