import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ManagementApi } from '../../lib/amqp/management.ts';
import { openTransport, type TransportOptions } from '../../lib/transport/open.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { type Certificates, makeCertificates } from '../kit/certificates.ts';
import { taskMessage } from '../kit/messages.ts';
import { type ProcessOptions, ROOT, TestProcess, umbel } from '../kit/process.ts';
import { PYTHON } from '../kit/python.ts';
import { type RabbitmqServer, startRabbitmq } from '../kit/rabbitmq-server.ts';

/* amqps:// to a RabbitMQ whose certificate is of an authority of its own. */

const APP = 'test/integration/worker-app.ts';
const PASSWORD = 'p@s/s%41:ü';
const LOGIN = `ada:${encodeURIComponent(PASSWORD)}`;
/** The password or the beginning of it, in any form. */
const SECRET = /p@s|p%40s/i;

describe('amqps', () => {
  let server: RabbitmqServer;
  let dir: string;
  let url: string;
  let own: Certificates;
  let foreign: Certificates;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'umbel-tls-'));
    [own, foreign] = [makeCertificates(dir, 'own'), makeCertificates(dir, 'foreign')];
    server = await startRabbitmq({ tls: own });
    url = `amqps://guest:guest@localhost:${server.tlsPort}//`;
    await server.ctl('add_user', 'ada', PASSWORD);
    await server.ctl('set_permissions', 'ada', '.*', '.*', '.*');
    await server.ctl('set_user_tags', 'ada', 'monitoring');
  }, 120_000);

  afterAll(async () => {
    await server?.remove();
    rmSync(dir, { recursive: true });
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
    expect(await use(`${url}?ssl_ca_certs=${own.ca}`)).toBe(1);
    expect(await use(url, { useSsl: { ca_certs: own.ca } })).toBe(1);
    expect(await use(`${url}?ssl_ca_certs=${own.ca}&ssl_cert_reqs=optional`)).toBe(1);
  });

  test('refuses a certificate that nobody vouches for, unless told not to look', async () => {
    await expect(use(url)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /^Cannot connect to \S+: .*certificate.*ssl_ca_certs.*ssl_cert_reqs=none\.$/,
      ),
    });
    expect(await use(`${url}?ssl_cert_reqs=none`)).toBe(1);
    expect(await use(url, { useSsl: { cert_reqs: 'CERT_NONE' } })).toBe(1);
    expect(await use(url, { useSsl: { cert_reqs: 0 } })).toBe(1);
  });

  // A client always sees the certificate, so that `optional` is no less than `required` (Python's ssl).
  test.each(['required', 'optional', 'CERT_OPTIONAL', 1])('checks with cert_reqs %s', async (needed) => {
    await expect(use(url, { useSsl: { cert_reqs: needed, ca_certs: foreign.ca } })).rejects.toThrow(
      /certificate/,
    );
    expect(await use(url, { useSsl: { cert_reqs: needed, ca_certs: own.ca } })).toBe(1);
  });

  test('optional is checked by Python too', async () => {
    const connect = (authority: string): Promise<number | null> => {
      const tls = `{"cert_reqs": ssl.CERT_OPTIONAL, "ca_certs": "${authority}"}`;
      const broker = `"amqp://guest:guest@localhost:${server.tlsPort}//"`;
      const source = `import ssl, kombu\nkombu.Connection(${broker}, ssl=${tls}).connect()`;
      return new TestProcess(PYTHON, ['-c', source]).ended();
    };
    expect(await connect(own.ca)).toBe(0);
    expect(await connect(foreign.ca)).not.toBe(0);
  });

  test('checks the name in the certificate', async () => {
    const other = url.replace('@localhost', '@127.0.0.1');
    const ca = `ssl_ca_certs=${own.ca}`;
    await expect(use(`${other}?${ca}`)).rejects.toThrow(/does not match certificate/);
    expect(await use(`${other}?${ca}&ssl_check_hostname=false`)).toBe(1);
    expect(await use(other, { useSsl: { ca_certs: own.ca, server_hostname: 'localhost' } })).toBe(1);
    await expect(use(url, { useSsl: { ca_certs: own.ca, server_hostname: 'elsewhere' } })).rejects.toThrow(
      /does not match certificate/,
    );
  });

  test.each([
    [{ ca_certs: '/nowhere.pem' }, /^The file of ca_certs cannot be read: .*nowhere\.pem/],
    [{ cert_reqs: 'sometimes' }, /^cert_reqs must be none, optional or required, not "sometimes"\.$/],
    [{ ssl_ca_certs: '/ca.pem' }, /^TLS of RabbitMQ does not know "ssl_ca_certs"\. There are: ca_certs, /],
  ])('refuses the setting %j in one line', async (setting, message) => {
    await expect(use(url, { useSsl: setting })).rejects.toMatchObject({
      code: 'bad_config',
      message: expect.stringMatching(message),
    });
  });

  test('checks the certificate of the management API too', async () => {
    const api = `https://guest:guest@localhost:${server.managementTlsPort}/api/`;
    await expect(new ManagementApi(api, '/').queues()).rejects.toThrow(
      /^The management API at https:\/\/guest:\*+@localhost\S+ does not answer: .*certificate.*NODE_EXTRA_CA_CERTS/,
    );
    const source = `import { ManagementApi } from '${ROOT}dist/lib/amqp/management.js';
await new ManagementApi('${api}', '/').queues();`;
    const asking = new TestProcess(process.execPath, ['--input-type=module', '-e', source], {
      env: { NODE_EXTRA_CA_CERTS: own.ca },
    });
    expect(await asking.ended()).toBe(0);
  });

  describe('with a password of @, / and %', () => {
    /** With the password as it belongs into a URL. */
    let good: string;
    let ssl: Readonly<Record<string, string>>;

    beforeAll(() => {
      good = url.replace('guest:guest', LOGIN);
      ssl = { ca_certs: own.ca };
      const settings = `export const broker_url = '${good}';
export const result_backend = 'rpc://';
export const task_queues = ['celery', 'idle'].map((name) => ({ name }));`;
      writeFileSync(
        join(dir, 'config.mjs'),
        `${settings}\nexport const broker_use_ssl = ${JSON.stringify(ssl)};`,
      );
    });

    test('logs in', async () => {
      expect(await use(`${good}?ssl_ca_certs=${own.ca}`)).toBe(1);
      expect(await use(good, { useSsl: ssl })).toBe(1);
    });

    const forms: readonly [form: string, words: () => string[], env: () => Record<string, string>][] = [
      ['-b', () => ['-b', `${good}?ssl_ca_certs=${own.ca}`], () => ({})],
      ['the environment', () => [], () => ({ CELERY_BROKER_URL: `${good}?ssl_ca_certs=${own.ca}` })],
      ['--config', () => ['--config', join(dir, 'config.mjs')], () => ({})],
    ];
    test.each(forms)(
      'worker, call and dashboard take it from %s, and never show it',
      async (form, words, env) => {
        const options: ProcessOptions = { env: { NODE_EXTRA_CA_CERTS: own.ca, ...env() } };
        const run = (...rest: string[]): TestProcess => umbel([...words(), ...rest], options);
        const api = `https://${LOGIN}@localhost:${server.managementTlsPort}/api/`;
        const worker = umbel(
          [...words(), '-A', APP, 'worker', '-l', 'debug', '-P', 'solo', '-n', 'w1@tls'],
          options,
        );
        const flower = run('flower', '--port', '0', '--memory-only', '-l', 'debug', '--broker-api', api);
        const shown: string[] = [];
        try {
          await worker.waitFor(/ready\./, 30_000);
          const call = run('call', 'w.add', '-a', '[1, 2]');
          expect(await call.ended(30_000)).toBe(0);
          await worker.waitFor(/Task w\.add\[.*succeeded/);
          await flower.waitFor(/Dashboard\s+\S+/);
          const pages = /Dashboard\s+(\S+)/.exec(flower.output)?.[1] ?? '';
          const page = async (path: string): Promise<string> => (await fetch(pages + path)).text();
          await expect.poll(() => page('api/workers'), { timeout: 30_000 }).toContain('"conf"');
          await expect.poll(() => page('api/queues/length'), { timeout: 30_000 }).toContain('"celery"');
          // Those that the settings name are known, also when nobody consumes them.
          expect((await page('api/queues/length')).includes('"idle"')).toBe(form === '--config');
          const paths = ['api/workers', 'api/v1/status', 'api/queues/length'];
          for (const path of paths) shown.push(await page(path));
          shown.push(call.output);
        } finally {
          await worker.stop();
          await flower.stop();
        }
        shown.push(worker.output, flower.output);
        expect(shown.join('\n')).toContain('ada:********@localhost');
        expect(shown.join('\n')).not.toMatch(SECRET);
      },
      60_000,
    );

    test('that was pasted as it is, is refused in one line', async () => {
      const child = umbel(['-b', good.replace(LOGIN, `ada:${PASSWORD}`), 'status']);
      expect(await child.ended()).toBe(1);
      expect(child.output).toMatch(
        /^Error: The URL \S+ is no use: it is not clear where its login ends\. .*%2F.*\n$/,
      );
      expect(child.output).not.toMatch(SECRET);
    });
  });
});
