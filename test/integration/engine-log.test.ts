import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '../../lib/util/logger.ts';
import { Engine } from '../../server/engine/engine.ts';
import { Keyspace } from '../../server/engine/keyspace/keyspace.ts';
import { recover } from '../../server/engine/log/recover.ts';
import type { EngineOptions } from '../../server/engine/options.ts';
import { RawRedis } from '../kit/raw-redis.ts';
import { waitUntil } from '../kit/wait-until.ts';

let dir = '';
let lines: string[] = [];
const running = new Set<Engine>();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'umbel-engine-log-'));
  lines = [];
});

afterEach(async () => {
  await Promise.all([...running].map((engine) => engine.stop()));
  running.clear();
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: Partial<EngineOptions> = {}): Promise<{ engine: Engine; client: RawRedis }> {
  const logger = createLogger({ level: 'INFO', write: (line) => lines.push(line) });
  const engine = new Engine({ port: 0, dataDir: dir, logger, ...options });
  running.add(engine);
  await engine.start();
  return { engine, client: await RawRedis.open(engine.port) };
}

async function stop(engine: Engine): Promise<void> {
  await engine.stop();
  running.delete(engine);
}

const logPath = (): string => join(dir, 'engine.log');

/** Everything in all databases, as text that can be compared. */
async function contents(client: RawRedis, databases = 16): Promise<string> {
  const parts: string[] = [];
  for (let db = 0; db < databases; db += 1) {
    await client.call('SELECT', String(db));
    const keys = [...(await client.call('KEYS', '*')).matchAll(/\$\d+\r\n(.*?)\r\n/g)].map(
      ([, key = '']) => key,
    );
    for (const key of keys.sort()) {
      const type = (await client.call('TYPE', key)).slice(1).trim();
      const expiry = await client.call('PEXPIRETIME', key);
      parts.push(`${db} ${key} ${type} ${expiry} ${await read(client, key, type)}`);
    }
  }
  await client.call('SELECT', '0');
  return parts.join('\n');
}

async function read(client: RawRedis, key: string, type: string): Promise<string> {
  if (type === 'string') return client.call('GET', key);
  if (type === 'list') return client.call('LRANGE', key, '0', '-1');
  if (type === 'zset') return client.call('ZRANGE', key, '0', '-1', 'WITHSCORES');
  return sorted(await client.call(type === 'hash' ? 'HGETALL' : 'SMEMBERS', key));
}

function sorted(reply: string): string {
  return reply.split('\r\n').sort().join(' ');
}

const CHANGES = `
SET s v
SET s2 v2 EX 5000
SET s3 v3 PX 60000
SET s3 v4 KEEPTTL
APPEND s more
INCR n
INCRBYFLOAT f 1.5
SETRANGE s 2 xx
MSET a 1 b 2
DEL a
EXPIRE b 9000
PERSIST s2
RPUSH l a b c d e
LPUSH l z y
LPOP l
RPOP l 2
LSET l 0 Z
LREM l 1 b
LINSERT l AFTER a new
RPUSH l2 1 2 3 4 5 6
LTRIM l2 1 3
LMOVE l2 l RIGHT LEFT
RPUSH gone x
LPOP gone
HSET h f 1 g 2
HDEL h f
HINCRBY h g 5
SADD set a b c
SREM set b
SPOP set
ZADD z 1.5 a 2 b 1795229811.6931026 c
ZINCRBY z 0.1 a
ZREM z b
ZADD z2 1 a 2 b 3 c
ZPOPMIN z2
ZREMRANGEBYSCORE z2 3 3
RENAME l2 renamed
SELECT 5
SET in-five x
SET in-five-too y PX 70000
SELECT 0
MULTI
SET t1 1
RPUSH t2 x
EXEC
SELECT 6
SET in-six x
FLUSHDB
SELECT 0
`
  .trim()
  .split('\n');

async function change(client: RawRedis): Promise<void> {
  for (const line of CHANGES) {
    const reply = await client.call(...line.split(' '));
    expect(reply, line).not.toMatch(/^-/);
  }
}

describe('restart', () => {
  test.each(['always', 'everysec'] as const)('keeps everything (fsync %s)', async (fsync) => {
    const first = await start({ fsync });
    await change(first.client);
    await first.client.call('SET', 'binary', '\u0000\r\n\u00ff');
    const before = await contents(first.client);
    await stop(first.engine);
    const second = await start({ fsync });
    expect(await contents(second.client)).toBe(before);
    await stop(second.engine);
    expect((await start()).engine.port).toBeGreaterThan(0);
  });

  test('FLUSHALL lasts, and what expired meanwhile is gone', async () => {
    const first = await start();
    await first.client.call('SET', 'before', 'x');
    await first.client.call('FLUSHALL');
    await first.client.call('SET', 'short', 'x', 'PX', '100');
    await first.client.call('SET', 'after', 'x');
    await stop(first.engine);
    await new Promise((resolve) => setTimeout(resolve, 120));
    const second = await start();
    expect(await second.client.call('MGET', 'before', 'short', 'after')).toBe(
      '*3\r\n$-1\r\n$-1\r\n$1\r\nx\r\n',
    );
  });

  test('what blocked clients took stays taken', async () => {
    const first = await start();
    const waiting = await RawRedis.open(first.engine.port);
    waiting.send('BLPOP', 'q', '0');
    await waitUntil('blocked', async () =>
      (await first.client.call('INFO', 'clients')).includes('blocked_clients:1'),
    );
    await first.client.call('RPUSH', 'q', 'one', 'two');
    expect(await waiting.read()).toContain('one');
    await stop(first.engine);
    const second = await start();
    expect(await second.client.call('LRANGE', 'q', '0', '-1')).toBe('*1\r\n$3\r\ntwo\r\n');
  });
});

describe('a damaged log', () => {
  /** One change in each record: the list grows by one; so a prefix of the log is a prefix of the list. */
  async function fillLog(count: number): Promise<void> {
    const { engine, client } = await start();
    for (let i = 0; i < count; i += 1) await client.call('RPUSH', 'l', `value ${i}`);
    await stop(engine);
  }

  async function length(): Promise<number> {
    const { engine, client } = await start();
    const values = await client.call('LRANGE', 'l', '0', '-1');
    const found = [...values.matchAll(/value (\d+)/g)].map(([, number]) => Number(number));
    expect(found).toEqual(found.map((_, index) => index));
    await client.call('PING');
    await stop(engine);
    return found.length;
  }

  test('cut at any byte of its last 4 KB it keeps every whole record', async () => {
    await fillLog(150);
    const whole = readFileSync(logPath());
    const seen = new Set<number>();
    const logger = createLogger({ level: 'INFO', write: (line) => lines.push(line) });
    for (let cut = whole.length - 4096; cut <= whole.length; cut += 1) {
      writeFileSync(logPath(), whole.subarray(0, cut));
      lines = [];
      const keyspace = new Keyspace();
      recover(dir, keyspace, logger);
      const values = keyspace.database(0).list('l')?.slice(0, 200).map(String) ?? [];
      expect(values).toEqual(values.map((_, index) => `value ${index}`));
      const isWhole = statSync(logPath()).size === cut;
      expect(lines.some((line) => line.includes('cut off'))).toBe(!isWhole);
      seen.add(values.length);
    }
    expect(Math.max(...seen)).toBe(150);
    expect([...seen].sort((a, b) => a - b)).toEqual(
      Array.from({ length: seen.size }, (_, index) => 150 - seen.size + 1 + index),
    );
    expect(readdirSync(dir).filter((name) => name.includes('corrupt'))).toEqual([]);
    // Four thousand recoveries: no wait in it, only work.
  }, 90_000);

  test('a flipped bit is reported; all before it is kept, all after it is put aside', async () => {
    await fillLog(40);
    const whole = readFileSync(logPath());
    for (let at = 8; at < whole.length; at += 37) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(logPath(), bytes);
      lines = [];
      const count = await length();
      expect(count).toBeLessThan(40);
      const kept = statSync(logPath()).size;
      expect(kept).toBeLessThanOrEqual(at);
      expect(lines.join(''), `byte ${at}`).toMatch(/is damaged at byte \d+.*kept in/);
      const [aside = ''] = readdirSync(dir).filter((name) => name.includes('corrupt'));
      expect(readFileSync(join(dir, aside)).equals(bytes.subarray(kept))).toBe(true);
      rmSync(join(dir, aside));
    }
  });

  test('zeros at the end, as some file systems leave them, are cut off', async () => {
    await fillLog(5);
    writeFileSync(logPath(), Buffer.concat([readFileSync(logPath()), Buffer.alloc(5000)]));
    expect(await length()).toBe(5);
    expect(lines.join('')).toContain('cut off 5000 bytes');
  });

  test('a file that is no log is left alone', async () => {
    writeFileSync(logPath(), 'my diary');
    await expect(start()).rejects.toThrow(/not an engine log.*\n.*--data/);
    expect(readFileSync(logPath(), 'utf8')).toBe('my diary');
  });

  test('an empty file is a new log', async () => {
    writeFileSync(logPath(), '');
    await fillLog(2);
    expect(await length()).toBe(2);
  });
});

describe('rewriting', () => {
  test('under load loses nothing and shortens the log', async () => {
    const { engine, client } = await start({ rewriteMinBytes: 50_000 });
    const writers = await Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        const connection = await RawRedis.open(engine.port);
        for (let i = 0; i < 600; i += 1) await busyStep(connection, writer, i);
        connection.close();
      }),
    );
    expect(writers).toHaveLength(4);
    await waitUntil('rewrites', () => lines.filter((line) => line.includes('rewritten')).length >= 2);
    const before = await contents(client);
    await stop(engine);
    expect(readdirSync(dir).sort()).toEqual(['engine.log']);
    const second = await start();
    expect(await contents(second.client)).toBe(before);
  });

  /** Every kind of change, on keys that come and go and move. */
  async function busyStep(client: RawRedis, writer: number, i: number): Promise<void> {
    const key = `${writer}:${i % 23}`;
    const payload = `${i}:${'p'.repeat(i % 300)}`;
    const steps: string[][] = [
      ['SET', `s${key}`, payload],
      ['RPUSH', `l${key}`, payload, 'x', 'y'],
      ['LPOP', `l${key}`],
      ['HSET', `h${key}`, `f${i % 7}`, payload],
      ['ZADD', `z${key}`, String(i), `m${i % 50}`],
      ['SADD', `t${key}`, `m${i % 40}`],
      ['DEL', `s${writer}:${(i + 5) % 23}`],
      ['SET', `e${key}`, payload, 'PX', '600000'],
      ['LMOVE', `l${key}`, `big${writer}`, 'LEFT', 'RIGHT'],
      ['RENAME', `e${key}`, `r${writer}:${i % 5}`],
      ['SET', `l${writer}:${(i + 3) % 23}`, 'now a string'],
      ['DEL', `l${writer}:${(i + 3) % 23}`],
      ['ZREM', `z${key}`, `m${(i * 7) % 50}`],
    ];
    const step = steps[i % steps.length] ?? [];
    await client.call(...step);
    await client.call('RPUSH', `big${writer}`, payload, payload, payload);
    await client.call('APPEND', 'shared', 'z');
  }

  test('happens when most of what the log tells of is no more', async () => {
    const { client } = await start({ rewriteMinBytes: 300_000 });
    const chunk = Array.from({ length: 500 }, () => 'x'.repeat(1000));
    await client.call('RPUSH', 'q', ...chunk);
    await waitUntil('a first rewrite', () => lines.some((line) => line.includes('rewritten')));
    await client.call('RPUSH', 'q', ...chunk.slice(0, 100));
    await client.call('LPOP', 'q', '600');
    await client.call('SET', 'k', 'v');
    await waitUntil('a short log', () => statSync(logPath()).size < 1000);
    expect(await client.call('DBSIZE')).toBe(':1\r\n');
  });

  test('left unfinished by a crash it does no harm', async () => {
    const first = await start();
    await first.client.call('SET', 'k', 'v');
    await stop(first.engine);
    copyFileSync(logPath(), join(dir, 'engine.log.rewriting'));
    const second = await start();
    expect(await second.client.call('GET', 'k')).toBe('$1\r\nv\r\n');
    expect(readdirSync(dir)).not.toContain('engine.log.rewriting');
  });

  test('of one list of 200,000 elements lets others go on', async () => {
    const { engine, client } = await start({ rewriteMinBytes: 1_000_000 });
    const chunk = Array.from({ length: 2000 }, (_, i) => `element ${i}`);
    let longestMs = 0;
    for (let i = 0; i < 100; i += 1) {
      client.send('RPUSH', 'large', ...chunk);
      const other = await RawRedis.open(engine.port);
      const startedAt = performance.now();
      await other.call('PING');
      longestMs = Math.max(longestMs, performance.now() - startedAt);
      other.close();
      await client.read();
    }
    expect(longestMs).toBeLessThan(500);
    await waitUntil('a rewrite', () => lines.some((line) => line.includes('rewritten')));
    await stop(engine);
    const second = await start();
    expect(await second.client.call('LLEN', 'large')).toBe(':200000\r\n');
  });
});

describe('the data directory', () => {
  test('is for one engine at a time', async () => {
    const { engine } = await start();
    await expect(start()).rejects.toThrow(/uses the data directory .*\n.*--data/);
    await stop(engine);
    await start();
  });

  test('is taken over from an engine that has died', async () => {
    writeFileSync(join(dir, 'engine.lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: '1', token: 'x' }));
    const { client } = await start();
    expect(await client.call('SET', 'k', 'v')).toBe('+OK\r\n');
  });

  test('is taken over when the number of the process now belongs to another', async () => {
    writeFileSync(join(dir, 'engine.lock'), JSON.stringify({ pid: process.pid, started: '1', token: 'x' }));
    expect((await start()).engine.port).toBeGreaterThan(0);
  });

  test('is readable by its owner only', async () => {
    await start();
    expect(statSync(logPath()).mode & 0o777).toBe(0o600);
  });
});
