import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../lib/backend/open.ts';
import type { TlsSetting } from '../../lib/redis/tls.ts';
import { openTransport } from '../../lib/transport/open.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { type Certificates, makeCertificates } from '../kit/certificates.ts';
import { freePort } from '../kit/free-port.ts';
import { taskMessage } from '../kit/messages.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/* Broker and results over TLS: a server that asks for certificates of its own authority, settings and parameters. */

let dir: string;
let port: number;
let server: RedisServer;
let own: Certificates;
let foreign: Certificates;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'umbel-tls-'));
  [own, foreign] = [makeCertificates(dir, 'own'), makeCertificates(dir, 'foreign')];
  port = await freePort();
  const files = ['--tls-ca-cert-file', own.ca, '--tls-cert-file', own.cert, '--tls-key-file', own.key];
  server = await startRedis({ args: ['--tls-port', String(port), '--tls-auth-clients', 'yes', ...files] });
}, 60_000);

afterAll(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Publishes a message over the URL; how many the queue then held. */
const publish = async (url: string, useSsl: TlsSetting = false): Promise<number> => {
  const transport = openTransport(url, { logger: silentLogger, useSsl });
  try {
    await transport.start();
    await transport.publish({ exchange: '', routingKey: 'celery' }, taskMessage('a'));
    return await transport.purge('celery');
  } finally {
    await transport.stop();
  }
};

const login = (): Record<string, unknown> => ({ ssl_certfile: own.cert, ssl_keyfile: own.key });
const query = (parameters: Record<string, unknown>): string =>
  new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)])).toString();

describe('a server whose certificate the own authority signed', () => {
  test('is reached with parameters of the URL', async () => {
    const trusted = query({ ...login(), ssl_cert_reqs: 'required', ssl_ca_certs: own.ca });
    expect(await publish(`rediss://localhost:${port}/0?${trusted}`)).toBe(1);
    expect(
      await publish(`rediss://localhost:${port}/0?${query({ ...login(), ssl_cert_reqs: 'none' })}`),
    ).toBe(1);
  });

  test('is reached with broker_use_ssl, also when the URL says redis://', async () => {
    const setting = { ...login(), ssl_cert_reqs: 'CERT_REQUIRED', ssl_ca_certs: own.ca };
    expect(await publish(`rediss://localhost:${port}/0`, setting)).toBe(1);
    expect(await publish(`redis://localhost:${port}/0`, setting)).toBe(1);
  });

  test('is checked when a setting asks for TLS, and parameters win over it', async () => {
    const url = `rediss://localhost:${port}/0`;
    await expect(publish(url, login())).rejects.toThrow(/^Cannot connect to rediss:.*certificate.*\.$/);
    expect(await publish(`${url}?ssl_cert_reqs=none`, login())).toBe(1);
  });

  test.each(['required', 'optional'])('is refused when another authority is trusted (%s)', async (needed) => {
    const trusted = query({ ...login(), ssl_cert_reqs: needed, ssl_ca_certs: foreign.ca });
    await expect(publish(`rediss://:s3cret@localhost:${port}/0?${trusted}`)).rejects.toThrow(
      /^Cannot connect to rediss:\/\/:\*+@localhost.*certificate.*\.$/,
    );
  });

  test('is refused under another name, unless names are not checked', async () => {
    const trusted = { ...login(), ssl_cert_reqs: 'required', ssl_ca_certs: own.ca };
    const url = `rediss://127.0.0.1:${port}/0?`;
    await expect(publish(url + query(trusted))).rejects.toThrow(/does not match certificate's altnames/);
    expect(await publish(url + query({ ...trusted, ssl_check_hostname: false }))).toBe(1);
  });

  test('keeps results, with redis_backend_use_ssl', async () => {
    const useSsl = { ...login(), ssl_cert_reqs: 'required', ssl_ca_certs: own.ca };
    const backend = openBackend(`rediss://localhost:${port}/1`, { logger: silentLogger, useSsl });
    await backend.start();
    const meta = { status: 'SUCCESS', result: 4, traceback: null, children: [], task_id: 'a' };
    await backend.store({ taskId: 'a', text: JSON.stringify(meta) });
    expect(await backend.get('a')).toMatchObject({ status: 'SUCCESS', result: 4 });
    await backend.stop();
  });
});

test.each([
  [{ ssl_cert_reqs: 'sometimes' }, /ssl_cert_reqs must be none, optional or required, not "sometimes"/],
  [{ keyfile: '/k' }, /TLS of Redis does not know "keyfile"\. There are: ssl_cert_reqs/],
  [{ ssl_ca_certs: '/no/such.pem' }, /The file of ssl_ca_certs cannot be read: ENOENT/],
])('refuses the setting %j in one line', async (setting, message) => {
  await expect(publish(`rediss://localhost:${port}/0`, setting)).rejects.toThrow(message);
});
