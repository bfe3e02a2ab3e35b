import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { Engine } from '../../server/engine/engine.ts';
import { buildEngine, type EngineBuild, startEngineProcess } from '../kit/engine-process.ts';
import { taskMessage } from '../kit/messages.ts';
import { encodeCommand, RawRedis } from '../kit/raw-redis.ts';
import { waitUntil } from '../kit/wait-until.ts';

let build: EngineBuild;
let dir = '';

beforeAll(() => {
  build = buildEngine();
  dir = mkdtempSync(join(tmpdir(), 'umbel-engine-limits-'));
});

afterAll(() => {
  build.remove();
  rmSync(dir, { recursive: true, force: true });
});

async function withEngine(
  options: Partial<ConstructorParameters<typeof Engine>[0]>,
  use: (engine: Engine, client: RawRedis) => Promise<void>,
): Promise<void> {
  const engine = new Engine({ port: 0, dataDir: null, ...options });
  await engine.start();
  const client = await RawRedis.open(engine.port);
  try {
    await use(engine, client);
  } finally {
    client.close();
    await engine.stop();
  }
}

describe('a full disk', () => {
  const limitFileSize = (pid: number, bytes: number | 'unlimited'): void => {
    execFileSync('/usr/bin/prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  };

  test('refuses changes without making them, and goes on when there is space again', async () => {
    const dataDir = join(dir, 'full');
    const engine = await startEngineProcess(build, { dataDir });
    const client = await RawRedis.open(engine.port);
    const waiting = await RawRedis.open(engine.port);
    for (let i = 0; i < 50; i += 1)
      expect(await client.call('RPUSH', 'l', `kept ${i}`)).toBe(`:${i + 1}\r\n`);
    waiting.send('BLPOP', 'other', '0');
    await waitUntil('blocked', async () =>
      (await client.call('INFO', 'clients')).includes('blocked_clients:1'),
    );
    limitFileSize(engine.pid, statSync(join(dataDir, 'engine.log')).size + 100);

    const large = 'x'.repeat(5000);
    const refused = /^-MISCONF Errors writing to the AOF file: /;
    const askedAt = performance.now();
    client.write(
      encodeCommand(['RPUSH', 'l', large]) +
        encodeCommand(['SET', 'k', large]) +
        encodeCommand(['RPUSH', 'other', large]),
    );
    for (let i = 0; i < 3; i += 1) expect(await client.read()).toMatch(refused);
    expect(performance.now() - askedAt).toBeLessThan(1000);
    // What a sender sees, whose call is a publish.
    const sender = openTransport(`redis://127.0.0.1:${engine.port}/0`, { logger: silentLogger });
    await sender.start();
    const sentAt = performance.now();
    const message = taskMessage('refused', { args: [large] });
    await expect(sender.publish({ exchange: '', routingKey: 'celery' }, message)).rejects.toThrow(/MISCONF/);
    expect(performance.now() - sentAt).toBeLessThan(1000);
    await sender.stop();
    expect(await client.call('LLEN', 'l')).toBe(':50\r\n');
    expect(await client.call('GET', 'k')).toBe('$-1\r\n');
    expect(await client.call('SET', 'k', 'v')).toMatch(refused);
    expect(await client.call('INFO', 'persistence')).toContain('aof_last_write_status:err');
    expect(await waiting.read(50)).toMatch(/^\(nothing\)|^-MISCONF/);

    limitFileSize(engine.pid, 'unlimited');
    await waitUntil('space', async () => (await client.call('SET', 'k', 'v')) === '+OK\r\n');
    expect(await client.call('RPUSH', 'l', 'after')).toBe(':51\r\n');
    await engine.kill('SIGKILL');
    const again = await startEngineProcess(build, { dataDir });
    const second = await RawRedis.open(again.port);
    expect(await second.call('LLEN', 'l')).toBe(':51\r\n');
    expect(await second.call('GET', 'k')).toBe('$1\r\nv\r\n');
    expect(again.log()).not.toMatch(/damaged|cut off/);
    for (const one of [client, waiting, second]) one.close();
    await again.kill('SIGTERM');
  });
});

describe('memory', () => {
  test('beyond the limit growing commands are refused, others go on', () =>
    withEngine({ maxMemoryBytes: 100_000 }, async (_engine, client) => {
      let reply = '';
      for (let i = 0; i < 200 && !reply.startsWith('-'); i += 1)
        reply = await client.call('RPUSH', 'l', 'x'.repeat(1000));
      expect(reply).toBe("-OOM command not allowed when used memory > 'maxmemory'.\r\n");
      expect(await client.call('GET', 'k')).toBe('$-1\r\n');
      expect(await client.call('LPOP', 'l', '20')).toMatch(/^\*20/);
      expect(await client.call('SET', 'k', 'v')).toBe('+OK\r\n');
    }));

  test('is counted down to nothing when everything is deleted', () =>
    withEngine({}, async (_engine, client) => {
      await client.call('SET', 'a', 'x', 'EX', '100');
      await client.call('RPUSH', 'l', 'a', 'b', 'c');
      await client.call('HSET', 'h', 'f', 'v', 'g', 'w');
      await client.call('ZADD', 'z', '1', 'a', '2', 'b');
      await client.call('SADD', 's', 'a', 'b');
      await client.call('APPEND', 'a', 'more');
      await client.call('RENAME', 'l', 'm');
      await client.call('SET', 'h', 'string now');
      expect(await client.call('INFO', 'memory')).not.toContain('used_memory:0\r');
      for (const key of ['a', 'm', 'h', 'z']) await client.call('DEL', key);
      await client.call('SREM', 's', 'a', 'b');
      expect(await client.call('INFO', 'memory')).toContain('used_memory:0\r');
    }));
});

describe('slow clients', () => {
  test('a subscriber that does not read is disconnected; the publisher goes on', () =>
    withEngine({}, async (engine, client) => {
      const deaf = connect(engine.port, '127.0.0.1');
      deaf.write(encodeCommand(['SUBSCRIBE', 'ch']));
      deaf.pause();
      deaf.on('error', () => {});
      const message = 'x'.repeat(1024 * 1024);
      await waitUntil('subscribed', async () => (await client.call('PUBLISH', 'ch', 'x')) === ':1\r\n');
      let sent = 0;
      while (sent < 100 && (await client.call('PUBLISH', 'ch', message)) === ':1\r\n') sent += 1;
      expect(sent).toBeGreaterThanOrEqual(30);
      expect(sent).toBeLessThan(60);
      deaf.destroy();
    }));

  test('a client that does not read its replies is not read from, and gets them all in the end', () =>
    withEngine({}, async (engine, client) => {
      await client.call('SET', 'large', 'x'.repeat(1024 * 1024));
      const slow = connect(engine.port, '127.0.0.1');
      slow.pause();
      slow.write(encodeCommand(['GET', 'large']).repeat(200));
      await new Promise((resolve) => setTimeout(resolve, 200));
      const info = await client.call('CLIENT', 'LIST');
      const largest = Math.max(...[...info.matchAll(/omem=(\d+)/g)].map(([, bytes]) => Number(bytes)));
      expect(largest).toBeLessThan(8 * 1024 * 1024);
      let received = 0;
      slow.on('data', (chunk) => {
        received += chunk.length;
      });
      slow.resume();
      const whole = 200 * (1024 * 1024 + '$1048576\r\n\r\n'.length);
      await waitUntil('all replies', () => received === whole, 15_000);
      slow.destroy();
    }));

  test('replies reach a peer that has closed its sending side', () =>
    withEngine({ dataDir: join(dir, 'half') }, async (engine) => {
      const half = connect({ port: engine.port, host: '127.0.0.1', allowHalfOpen: true });
      let text = '';
      half.on('data', (chunk) => {
        text += chunk.toString();
      });
      half.end(encodeCommand(['SET', 'k', 'v']) + encodeCommand(['GET', 'k']));
      await waitUntil('replies', () => text.length >= 12);
      expect(text).toBe('+OK\r\n$1\r\nv\r\n');
    }));
});

describe('listening', () => {
  test('a port in use is told with the way out', () =>
    withEngine({}, async (engine) => {
      const second = new Engine({ port: engine.port, dataDir: null });
      const expected = new RegExp(`Port ${engine.port} is in use.*\\n.*--engine-port`);
      await expect(second.start()).rejects.toThrow(expected);
      await expect(second.start()).rejects.toThrow(expected);
      await second.stop();
    }));

  test('also on a unix socket for this user only, which a dead engine does not block', async () => {
    const socketPath = join(dir, 'engine.sock');
    for (let round = 0; round < 2; round += 1) {
      const engine = await startEngineProcess(build, { dataDir: null, socketPath });
      expect(statSync(socketPath).mode & 0o777).toBe(0o600);
      const client = await RawRedis.open(socketPath);
      expect(await client.call('PING')).toBe('+PONG\r\n');
      client.close();
      await engine.kill('SIGKILL');
    }
  });

  test('stop may come before start, twice, and answers what is being written', async () => {
    await new Engine({ port: 0, dataDir: null }).stop();
    const engine = new Engine({ port: 0, dataDir: join(dir, 'stop') });
    await engine.start();
    const client = await RawRedis.open(engine.port);
    client.send('SET', 'k', 'v');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await Promise.all([engine.stop(), engine.stop()]);
    expect(await client.read()).toBe('+OK\r\n');
    expect(await client.read()).toBe('(closed)');
  });

  test('options that make no sense are refused', () => {
    expect(() => new Engine({ dataDir: null, port: 70_000 })).toThrow('0 to 65535');
    expect(() => new Engine({ dataDir: null, maxMemoryBytes: -1 })).toThrow('must not be negative');
  });
});

describe('EngineHost', () => {
  /** Runs code in a thread that has the compiled host; what it posts comes back. */
  function inThread(code: string): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      const posted: unknown[] = [];
      const source = `
        import { parentPort } from 'node:worker_threads';
        import { EngineHost } from ${JSON.stringify(build.url('server/engine/host.js'))};
        const post = (value) => parentPort.postMessage(value);
        ${code}
      `;
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
      worker.on('message', (value) => posted.push(value));
      worker.on('error', reject);
      worker.on('exit', () => resolve(posted));
    });
  }

  test('serves from a thread of its own, stops, and starts again on the same data', async () => {
    const dataDir = JSON.stringify(join(dir, 'host'));
    const posted = await inThread(`
      import { connect } from 'node:net';
      const ask = (port, text) => new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        socket.once('data', (data) => { socket.destroy(); resolve(String(data)); });
      });
      for (const command of ['SET k v\\r\\n', 'GET k\\r\\n']) {
        const host = new EngineHost({ port: 0, dataDir: ${dataDir} });
        await host.start();
        post([host.url.startsWith('redis://127.0.0.1:' + host.port), await ask(host.port, command)]);
        await host.stop();
        await host.stop();
      }
    `);
    expect(posted).toEqual([
      [true, '+OK\r\n'],
      [true, '$1\r\nv\r\n'],
    ]);
  });

  test('tells why it did not start', async () => {
    const posted = await inThread(`
      const first = new EngineHost({ port: 0, dataDir: null });
      await first.start();
      const second = new EngineHost({ port: first.port, dataDir: null });
      await second.start().catch((error) => post([error.code, error.message.split('\\n')[1]]));
      await first.stop();
      await second.stop();
    `);
    expect(posted).toEqual([['conflict', 'Stop it, or choose another port with --engine-port.']]);
  });
});
