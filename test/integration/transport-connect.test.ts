import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../lib/backend/open.ts';
import { composeResult } from '../../lib/protocol/result.ts';
import { openTransport } from '../../lib/transport/open.ts';
import { createLogger, silentLogger } from '../../lib/util/logger.ts';
import { freePort } from '../kit/free-port.ts';
import { idOf, taskMessage } from '../kit/messages.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* The ways to a Redis server: TCP, unix socket, TLS, with and without a login. */

let dir: string;
let server: RedisServer;
let tlsPort: number;

test('a Redis Cluster is refused in one line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-cluster-'));
  const cluster = await startRedis({ args: ['--cluster-enabled', 'yes', '--dir', folder] });
  const transport = openTransport(cluster.url(), { logger: silentLogger });
  await expect(transport.start()).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/is a node of a Redis Cluster.*Sentinel/),
  });
  await transport.stop();
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'umbel-tls-'));
  const file = (name: string): string => join(dir, name);
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'].concat(
      ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ['-keyout', file('key.pem'), '-out', file('cert.pem')],
    ),
    { stdio: 'ignore' },
  );
  tlsPort = await freePort();
  server = await startRedis({
    args: [
      '--unixsocket',
      file('redis.sock'),
      '--tls-port',
      String(tlsPort),
      '--tls-auth-clients',
      'no',
    ].concat(
      ['--tls-cert-file', file('cert.pem'), '--tls-key-file', file('key.pem')],
      ['--user', 'worker', 'on', '>pass', '~*', '&*', '+@all'],
      ['--user', 'managed', 'on', '>pass', '~*', '&*', '+@all', '-client|tracking', '-client|unblock'],
      ['--user', 'deaf', 'on', '>pass', '~*', '&*', '+@all', '-subscribe'],
      ['--user', 'tracked', 'on', '>pass', '~*', '&*', '+@all', '-client|unblock', '-info'],
    ),
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

const publishOver = async (url: string): Promise<number> => {
  const transport = openTransport(url, { logger: silentLogger });
  await transport.start();
  try {
    await transport.publish({ exchange: '', routingKey: 'celery' }, taskMessage('a'));
    return await transport.purge('celery');
  } finally {
    await transport.stop();
  }
};

describe('connects', () => {
  test('over TCP, with a user', async () => {
    expect(await publishOver(`redis://worker:pass@localhost:${server.port}/3`)).toBe(1);
    await expect(publishOver(`redis://worker:wrong@localhost:${server.port}/3`)).rejects.toThrow(/WRONGPASS/);
  });

  test('with a password that the server does not ask for', async () => {
    expect(await publishOver(`redis://:needless@localhost:${server.port}/3`)).toBe(1);
  });

  test('over a unix socket', async () => {
    expect(await publishOver(`redis+socket://${dir}/redis.sock?virtual_host=2`)).toBe(1);
  });

  test('over TLS, unchecked or against a certificate authority', async () => {
    const url = `rediss://localhost:${tlsPort}/0`;
    expect(await publishOver(url)).toBe(1);
    expect(await publishOver(`${url}?ssl_cert_reqs=required&ssl_ca_certs=${dir}/cert.pem`)).toBe(1);
    await expect(publishOver(`${url}?ssl_cert_reqs=CERT_REQUIRED`)).rejects.toThrow(
      /self-signed certificate/,
    );
  });

  test('not to what is no database, and says why', async () => {
    await expect(publishOver(server.url(99))).rejects.toThrow(/Cannot connect to .*DB index is out of range/);
    await expect(publishOver(`redis://localhost:${tlsPort}/0`)).rejects.toThrow(/Cannot connect to/);
  });

  test('not to another kind of server, and says what that said', async () => {
    const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const address = web.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(publishOver(`redis://127.0.0.1:${port}/0`)).rejects.toThrow(
      `Cannot connect to redis://127.0.0.1:${port}/0: it does not speak the Redis protocol, but says "HTTP/1.1 400 Bad Request\\r\\n\\r\\n".`,
    );
    web.close();
  });
});

describe('a server that allows less', () => {
  test.each(['managed', 'tracked'])(
    '%s: other queues are looked at often, and it is said once',
    async (user) => {
      const lines: string[] = [];
      const logger = createLogger({ level: 'WARNING', write: (line) => lines.push(line) });
      const transport = openTransport(`redis://${user}:pass@127.0.0.1:${server.port}/5`, { logger });
      await transport.start();
      const got: string[] = [];
      const consumer = transport.createConsumer({
        queues: [{ name: 'celery' }, { name: 'mail' }],
        prefetch: 0,
        onDeliveries: (deliveries) => {
          for (const delivery of deliveries) {
            got.push(idOf(delivery));
            consumer.ack(delivery.tag);
          }
        },
      });
      await consumer.start();
      for (const [index, routingKey] of ['mail', 'celery', 'mail', 'mail', 'celery'].entries()) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        const sentAt = performance.now();
        await transport.publish({ exchange: '', routingKey }, taskMessage(`m${index}`));
        await waitUntil('it has come', () => got.length === index + 1);
        // The first one may find a wait of full length under way.
        if (index > 0) expect(performance.now() - sentAt).toBeLessThan(400);
      }
      expect(got).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
      expect(lines.filter((line) => line.includes('Allow CLIENT TRACKING'))).toHaveLength(1);
      await transport.stop();
    },
  );

  test('no subscriptions: whoever waits for a result is told so, and results are kept all the same', async () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'WARNING', write: (line) => lines.push(line) });
    const backend = openBackend(`redis://deaf:pass@127.0.0.1:${server.port}/6`, { logger });
    await backend.start();
    for (const id of ['a', 'b']) {
      await expect(backend.wait(id, { timeoutMs: 2000 })).rejects.toThrow(/NOPERM/);
      const text = composeResult({ taskId: id, status: 'SUCCESS', resultText: '1' });
      await backend.store({ taskId: id, text });
      expect(await backend.get(id)).toMatchObject({ status: 'SUCCESS' });
    }
    expect(lines).toEqual([]);
    await backend.stop();
  });

  test('is too old for workers, and they say so', async () => {
    const old = createServer((socket) => {
      socket.on('data', (data) => {
        for (const command of data.toString().split(/(?=\*\d+\r\n)/)) {
          const info = '# Server\r\nredis_version:6.0.16\r\n';
          socket.write(/\r\ninfo\r\n/i.test(command) ? `$${info.length}\r\n${info}\r\n` : ':1\r\n');
        }
      });
    });
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
    const address = old.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const transport = openTransport(`redis://127.0.0.1:${port}/0`, { logger: silentLogger });
    await transport.start();
    const consumer = transport.createConsumer({
      queues: [{ name: 'celery' }],
      prefetch: 1,
      onDeliveries: () => {},
    });
    await expect(consumer.start()).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/^Workers need Redis 6\.2 or newer .* is 6\.0\.16\.$/),
    });
    await consumer.stop();
    await transport.stop();
    old.close();
  });
});
