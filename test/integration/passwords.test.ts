import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../lib/backend/open.ts';
import { toError } from '../../lib/contract/errors.ts';
import { composeResult } from '../../lib/protocol/result.ts';
import { openTransport } from '../../lib/transport/open.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { makeCertificates } from '../kit/certificates.ts';
import {
  DATABASE_PASSWORD,
  type DatabaseServer,
  startMariadb,
  startPostgres,
} from '../kit/database-servers.ts';
import { freePort } from '../kit/free-port.ts';
import { taskMessage } from '../kit/messages.ts';
import { python } from '../kit/python.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/*
 * Servers whose passwords have an `@`, a `/` and a `%` in them, reached by both languages with the same URLs; and what is
 * said when they cannot be. `sentinel://` with such a password: redis-sentinel.test.ts.
 */

const PASSWORD = 'p@ss/w%41';
const PLAIN = 'p@s:s%s';
const LIMIT = 120_000;

/** Stores and reads a result over the URL. */
async function keep(url: string, taskId: string): Promise<unknown> {
  const backend = openBackend(url, { logger: silentLogger, connectionTimeoutMs: 3000 });
  try {
    await backend.start();
    await backend.store({
      taskId,
      text: composeResult({ taskId, status: 'SUCCESS', resultText: '"kept"' }),
    });
    return (await backend.get(taskId))?.result;
  } finally {
    await backend.stop();
  }
}

/** What Python reads over these URLs. */
const readByPython = (reads: readonly (readonly [url: string, taskId: string])[]): Promise<unknown> =>
  python(
    { broker: 'memory://', backend: 'cache+memory://' },
    `from celery import Celery\n[Celery(backend=url).AsyncResult(id).get(timeout=10) for url, id in ${JSON.stringify(reads)}]`,
    60_000,
  );

async function failureOf(trying: Promise<unknown>): Promise<string> {
  const { message } = await trying.then(() => new Error('it worked'), toError);
  return message;
}

describe('Redis', () => {
  let dir: string;
  let server: RedisServer;
  let forms: Readonly<Record<string, string>>;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'umbel-passwords-'));
    const [tlsPort, own] = [await freePort(), makeCertificates(dir, 'own')];
    const socket = join(dir, 'redis.sock');
    const tls = ['--tls-cert-file', own.cert, '--tls-key-file', own.key, '--tls-auth-clients', 'no'];
    server = await startRedis({
      args: ['--requirepass', PASSWORD, '--unixsocket', socket, '--tls-port', String(tlsPort), ...tls],
    });
    const redis = new Redis(server.port, { protocol: 2, password: PASSWORD });
    await redis.call('ACL', 'SETUSER', 'default', `>${PLAIN}`);
    await redis.call('ACL', 'SETUSER', 'us@er', 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
    redis.disconnect();
    const [encoded, host] = [encodeURIComponent(PASSWORD), `127.0.0.1:${server.port}`];
    forms = {
      'redis://': `redis://:${encoded}@${host}/1`,
      'a user': `redis://us%40er:${encoded}@${host}/1`,
      'as it is': `redis://:${PLAIN}@${host}/1`,
      'rediss://': `rediss://:${encoded}@localhost:${tlsPort}/1?ssl_cert_reqs=none`,
      'redis+socket://': `redis+socket://:${encoded}@${socket}?virtual_host=1`,
    };
  }, LIMIT);
  afterAll(async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test('is reached in every form of URL, as by Python', { timeout: LIMIT }, async () => {
    for (const [name, url] of Object.entries(forms)) {
      expect([name, await keep(url, name)]).toEqual([name, 'kept']);
      const transport = openTransport(url, { logger: silentLogger });
      await transport.start();
      await transport.publish({ exchange: '', routingKey: 'q' }, taskMessage('a'));
      expect(await transport.purge('q')).toBe(1);
      await transport.stop();
      expect(transport.displayUrl).not.toMatch(/ss%|ss\/|s:s/);
    }
    const reads = Object.entries(forms).map(([name, url]) => [url, name] as const);
    expect(await readByPython(reads)).toEqual(reads.map(() => 'kept'));
  });

  test('says in one line why it is not reached, without the password', async () => {
    const closed = await freePort();
    for (const [url, reason] of [
      [`redis://:wr0ng%40%2F@127.0.0.1:${server.port}/0`, /WRONGPASS|invalid/],
      [`redis://127.0.0.1:${server.port}/0`, /NOAUTH|Authentication/],
      [`redis://:wr0ng%40%2F@127.0.0.1:${closed}/0`, /ECONNREFUSED/],
      [`redis+socket://:wr0ng%40%2F@${dir}/none.sock`, /ENOENT/],
      [`redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.port}/99`, /out of range/],
    ] as const) {
      const said = [
        await failureOf(keep(url, 'x')),
        await failureOf(openTransport(url, { logger: silentLogger }).start()),
      ];
      for (const line of said) {
        expect(line).toMatch(/^Cannot connect to redis.*\.$/);
        expect(line).toMatch(reason);
        expect(line).not.toMatch(/wr0ng|p%40ss|p@ss/);
      }
    }
  });
});

describe.each([
  ['PostgreSQL', startPostgres, 'postgresql'],
  ['MariaDB', startMariadb, 'mysql'],
] as const)('%s', (_name, start, scheme) => {
  let server: DatabaseServer;
  beforeAll(async () => {
    server = await start();
  }, LIMIT);
  afterAll(() => server.stop());

  const reasons = {
    postgresql: [/password authentication failed/, /database "none" does not exist/, /ECONNREFUSED/],
    mysql: [/Access denied for user/, /(Unknown|to) database 'none'/, /ECONNREFUSED/],
  }[scheme];

  test('is reached with an encoded password, and with a lone %, as by Python', {
    timeout: LIMIT,
  }, async () => {
    const urls = [server.url(), server.url().replace('%25@', '%@')];
    expect(urls[1]).not.toBe(urls[0]);
    for (const [index, url] of urls.entries()) expect(await keep(url, `kept-${index}`)).toBe('kept');
    const theirs = urls.map(
      (url, index) => [url.replace('mysql:', 'mysql+pymysql:'), `kept-${index}`] as const,
    );
    expect(await readByPython(theirs)).toEqual(['kept', 'kept']);
  });

  test('says in one line why it is not reached, without the password', { timeout: LIMIT }, async () => {
    const login = `umbel:${encodeURIComponent(DATABASE_PASSWORD)}`;
    const here = `127.0.0.1:${server.port}`;
    const name = scheme === 'mysql' ? 'results' : 'postgres';
    const urls = [
      `db+${scheme}://umbel:wr0ng%40%2F@${here}/${name}`,
      `db+${scheme}://${login}@${here}/none`,
      `db+${scheme}://${login}@127.0.0.1:${await freePort()}/${name}`,
    ];
    for (const [index, url] of urls.entries()) {
      const line = await failureOf(keep(url, 'x'));
      expect(line).toMatch(/^Cannot connect to db\+.*\.$/);
      expect(line).toMatch(reasons[index] ?? /nothing/);
      expect(line).not.toMatch(/wr0ng|p%40ss|p@ss/);
    }
  });
});
