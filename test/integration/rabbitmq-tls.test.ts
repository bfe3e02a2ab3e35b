import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTransport, type TransportOptions } from '../../lib/transport/open.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { taskMessage } from '../kit/messages.ts';
import { sharedRabbitmq, type Vhost } from '../kit/shared-rabbitmq.ts';

/* amqps:// to a broker whose certificate is its own, through a proxy that unwraps TLS. */

describe('amqps', () => {
  let vhost: Vhost;
  let server: Server;
  let dir: string;
  let url: string;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    vhost = await sharedRabbitmq();
    dir = mkdtempSync(join(tmpdir(), 'umbel-tls-'));
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const names = ['-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')];
    execFileSync('openssl', [...request, ...names, ...files], { stdio: 'ignore' });
    const keys = { key: readFileSync(join(dir, 'key.pem')), cert: readFileSync(join(dir, 'cert.pem')) };
    server = createServer(keys, (client) => {
      const broker = connect(vhost.port, '127.0.0.1');
      for (const socket of [client, broker]) {
        sockets.add(socket);
        socket.on('error', () => {});
      }
      client.pipe(broker).pipe(client);
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    url = `amqps://guest:guest@localhost:${port}/${vhost.name}`;
  }, 120_000);

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true });
    await vhost.remove();
  });

  /** Sends a message; returns how many are in its queue. */
  const use = async (address: string, options: Partial<TransportOptions> = {}): Promise<unknown> => {
    const transport = openTransport(address, { logger: silentLogger, ...options });
    try {
      await transport.start();
      const destination = { exchange: '', routingKey: 'secret', queue: { name: 'secret' } };
      await transport.publish(destination, taskMessage('a'));
      const messages = (await transport.sampleQueues(['secret']))[0]?.messages;
      await transport.purge('secret');
      return messages;
    } finally {
      await transport.stop();
    }
  };

  test('checks the certificate against the given authority', async () => {
    expect(await use(`${url}?ssl_ca_certs=${join(dir, 'cert.pem')}`)).toBe(1);
    expect(await use(url, { useSsl: { ca_certs: join(dir, 'cert.pem') } })).toBe(1);
  });

  test('refuses a certificate that nobody vouches for, unless told not to look', async () => {
    await expect(use(url)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/self-signed certificate.*ssl_ca_certs.*ssl_cert_reqs=none/),
    });
    expect(await use(`${url}?ssl_cert_reqs=none`)).toBe(1);
    expect(await use(url, { useSsl: { cert_reqs: 'CERT_NONE' } })).toBe(1);
  });

  test('checks the name in the certificate', async () => {
    const other = url.replace('@localhost', '@127.0.0.1');
    const ca = `ssl_ca_certs=${join(dir, 'cert.pem')}`;
    await expect(use(`${other}?${ca}`)).rejects.toThrow(/does not match certificate/);
    expect(await use(`${other}?${ca}&ssl_check_hostname=false`)).toBe(1);
  });

  test('a file that is not there is named', async () => {
    await expect(use(`${url}?ssl_ca_certs=/nowhere.pem`)).rejects.toMatchObject({
      code: 'bad_config',
      message: expect.stringMatching(/ca_certs cannot be read: .*nowhere\.pem/),
    });
  });
});
