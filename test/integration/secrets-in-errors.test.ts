import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseServer, startMariadb } from '../kit/database-servers.ts';
import { freePort } from '../kit/free-port.ts';
import { umbel } from '../kit/process.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { CANARIES, leaks, PASSWORDS } from '../kit/secrets.ts';
import { sharedRabbitmq, type Vhost } from '../kit/shared-rabbitmq.ts';

/* What commands say of a URL that is no use, or of a server that refuses it, with a password that is hard to hide. */

const PASSWORD = `${CANARIES[0]}@/%'":#?&;${CANARIES[1]}`;
const APP = 'test/integration/secrets-app.mjs';

/** Runs a command to its end and returns what it printed. */
async function say(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const command = umbel(args, { env });
  await command.ended(60_000);
  return command.output;
}

describe('errors about a URL show no secret', () => {
  let redis: RedisServer;
  let mariadb: DatabaseServer;
  let vhost: Vhost;
  beforeAll(async () => {
    [redis, mariadb, vhost] = await Promise.all([startRedis(), startMariadb(), sharedRabbitmq()]);
  }, 120_000);
  afterAll(async () => {
    await mariadb?.stop();
    await vhost?.remove();
    await redis?.stop();
  }, 60_000);

  const passwords = [...PASSWORDS, PASSWORD].flatMap((password) => [password, encodeURIComponent(password)]);

  it.each<[string, (password: string) => readonly string[]]>([
    ['Redis, nobody there', (p) => ['-b', `redis://:${p}@127.0.0.1:1/0`, 'status', '-t', '0.1']],
    ['Redis, wrong', (p) => ['-b', `redis://u:${p}@127.0.0.1:${redis.port}/0`, 'call', 'x']],
    ['Redis, TLS', (p) => ['-b', `rediss://u:${p}@127.0.0.1:1/0?ssl_cert_reqs=none`, 'call', 'x']],
    ['a socket', (p) => ['-b', `redis+socket:///tmp/none.sock?password=${p}`, 'call', 'x']],
    ['Sentinel', (p) => ['-b', `sentinel://:${p}@127.0.0.1:1/0;sentinel://:${p}@127.0.0.1:2/0`, 'call', 'x']],
    [
      'RabbitMQ, nobody there',
      (p) => ['-b', `amqp://u:${p}@127.0.0.1:1/v;amqp://u:${p}@127.0.0.1:2/v`, 'call', 'x'],
    ],
    ['RabbitMQ, wrong', (p) => ['-b', `pyamqp://u:${p}@127.0.0.1:${vhost.port}/${vhost.name}`, 'call', 'x']],
    [
      'MariaDB, wrong',
      (p) => [
        '-b',
        redis.url(),
        '--result-backend',
        `db+mysql://u:${p}@127.0.0.1:${mariadb.port}/x`,
        'result',
        'id',
      ],
    ],
    [
      'PostgreSQL, nobody there',
      (p) => ['-b', redis.url(), '--result-backend', `db+postgresql://u:${p}@127.0.0.1:1/x`, 'result', 'id'],
    ],
    ['a store of no known kind', (p) => ['--result-backend', `mongodb://u:${p}@127.0.0.1/x`, 'result', 'id']],
    ['a broker of no known kind', (p) => ['-b', `sqs://u:${p}@127.0.0.1/x`, 'call', 'x']],
    ['a URL without a scheme', (p) => ['-b', `u:${p}@127.0.0.1`, 'call', 'x']],
    ['a word in the wrong place', (p) => [`redis://u:${p}@127.0.0.1`]],
    ['a slip in an option', (p) => [`--borker=redis://u:${p}@127.0.0.1`, 'status']],
    ['a bad value', (p) => ['call', 'x', '-a', `redis://u:${p}@127.0.0.1`]],
    [
      'a worker',
      (p) => [
        '-A',
        APP,
        '-b',
        `redis://u:${p}@127.0.0.1:${redis.port}/0`,
        'worker',
        '-P',
        'solo',
        'broker_connection_retry_on_startup=false',
      ],
    ],
    [
      'a dashboard',
      (p) => [
        'flower',
        '--memory-only',
        '--port',
        '0',
        '--broker-api',
        `https://u:${p}@127.0.0.1:1/api`,
        '-b',
      ],
    ],
  ])(
    '%s',
    async (name, argsOf) => {
      // Every command takes a good part of a second: each of the passwords goes to some of them.
      const offset = name.length;
      const chosen = passwords.filter((_password, index) => (index + offset) % 8 === 0);
      const shown = await Promise.all(chosen.map((password) => say(argsOf(password))));
      for (const text of shown) {
        expect(text.length).toBeGreaterThan(0);
        expect(leaks(text)).toEqual([]);
      }
    },
    90_000,
  );

  it('of the management API', async () => {
    const port = await freePort();
    const api = `http://u:${encodeURIComponent(PASSWORD)}@127.0.0.1:${new URL(vhost.managementUrl).port}/api/`;
    const flower = umbel(
      ['-b', vhost.url, 'flower', '--port', String(port), '--memory-only', '--broker-api', api],
      {},
    );
    await flower.waitFor(/management API|refuses the login/);
    expect(leaks(flower.output)).toEqual([]);
    await flower.stop();
  }, 60_000);

  it('that end a program', async () => {
    for (const how of ['throw', 'reject', 'late']) {
      const more = { HOW: how, SECRET_URL: `redis://:${PASSWORD}@h:x` };
      const text = await say(['run', 'test/integration/secrets-crash.mjs'], more);
      expect(text).toContain('Invalid URL');
      expect(leaks(text)).toEqual([]);
    }
  }, 60_000);
});
