import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { freePort } from '../kit/free-port.ts';
import { taskMessage } from '../kit/messages.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/* The ways to a Redis server: TCP, unix socket, TLS, with and without a login. */

let dir: string;
let server: RedisServer;
let tlsPort: number;

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
});
