import { request } from 'node:http';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../../server/api/routes.ts';
import { startDashboard, type TestDashboard } from '../kit/dashboard.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

let redis: RedisServer;
let flower: TestDashboard;
let readOnly: TestDashboard;

beforeAll(async () => {
  redis = await startRedis();
  // The default user takes any password.
  const broker = `redis://default:geheim@127.0.0.1:${redis.port}/0`;
  flower = await startDashboard({ broker });
  readOnly = await startDashboard({ broker, readOnly: true, urlPrefix: 'flower' });
});

afterAll(async () => {
  await flower?.stop();
  await readOnly?.stop();
  await redis?.stop();
});

const POSTS = ROUTES.filter(({ method }) => method === 'POST').map(({ path }) =>
  path.replaceAll(/:\w+/g, 'x'),
);
const FOREIGN: readonly Record<string, string>[] = [
  { origin: 'http://evil.example' },
  { origin: 'null' },
  { origin: 'http://localhost:1' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site', origin: 'http://other.localhost:5555' },
];

/** Sends what `fetch` would not: any Host, any path. */
function raw(
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  const { port } = new URL(flower.origin);
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

function connects(
  extraHeaders: Record<string, string>,
  transport: 'websocket' | 'polling',
): Promise<boolean> {
  const socket: Socket = io(flower.origin, { transports: [transport], extraHeaders, reconnection: false });
  return new Promise((resolve) => {
    const end = (value: boolean) => {
      socket.disconnect();
      resolve(value);
    };
    socket.once('connect', () => end(true));
    socket.once('connect_error', () => end(false));
  });
}

describe('foreign sites', () => {
  it.each(POSTS)('cannot POST %s', async (path) => {
    for (const headers of FOREIGN) {
      const answer = await flower.post(path, {}, headers);
      expect(answer.status).toBe(403);
      expect(answer.json).toEqual({
        error: { code: 'forbidden', message: 'A page of another site may not do this.' },
      });
    }
  });

  it.each(['websocket', 'polling'] as const)('cannot open the live connection by %s', async (transport) => {
    expect(await connects({}, transport)).toBe(true);
    expect(await connects({ origin: flower.origin }, transport)).toBe(true);
    for (const headers of FOREIGN) expect(await connects(headers, transport)).toBe(false);
    const handshake = await raw('GET', `/socket.io/?EIO=4&transport=${transport}`, { host: 'evil.example' });
    expect(handshake.status).toBeGreaterThanOrEqual(400);
  });

  it('get no leave to read', async () => {
    for (const path of ['/', '/api/tasks', '/api/workers', '/healthcheck']) {
      const answer = await flower.get(path, { origin: 'http://evil.example' });
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it.each(['evil.example', 'evil.example:5555', 'localhost.evil.example'])(
    'cannot come by the name %s',
    async (host) => {
      for (const path of ['/', '/api/tasks', '/healthcheck', '/tasks']) {
        const { status, body } = await raw('GET', path, { host });
        // Node itself refuses an empty name.
        expect([400, 403]).toContain(status);
        expect(body).not.toContain('__UMBEL__');
      }
    },
  );
});

describe('every answer', () => {
  it('carries the headers that keep browsers careful', async () => {
    for (const path of ['/', '/api/tasks', '/api/nothing', '/healthcheck', '/nowhere', '/theme.js']) {
      const { headers } = await flower.get(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-frame-options')).toBe('DENY');
    }
    const policy = (await flower.get('/')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("object-src 'none'");
    expect(policy.match(/script-src[^;]*/)?.[0]).not.toContain('unsafe');
  });

  it('hides the password of the broker', async () => {
    const status = await flower.get('/api/v1/status');
    expect(status.json).toMatchObject({
      isConnected: true,
      broker: `redis://default:********@127.0.0.1:${redis.port}/0`,
    });
    for (const path of ['/api/v1/status', '/', '/api/workers', '/api/queues/length']) {
      expect((await flower.get(path)).text).not.toContain('geheim');
    }
  });
});

describe('hostile input', () => {
  const VALUES = [
    '-1',
    '1e9',
    '999999999999999999999',
    'NaN',
    "' OR 1=1 --",
    '%00',
    '%F0%9F%92%A9',
    '%E0%A4%A',
    '__proto__',
    '../../etc/passwd',
    '%22%3E%3Cscript%3Ealert(1)%3C/script%3E',
    '((((',
    '(a+)+$',
    '%',
    '*',
    'x'.repeat(3000),
  ];
  const PATHS = [
    '/api/tasks',
    '/api/v1/tasks',
    '/api/workers',
    '/api/task/types',
    '/api/queues/length',
    '/tasks',
    '/',
  ];
  const NAMES = [
    'limit',
    'offset',
    'sort_by',
    'search',
    'state',
    'name',
    'text',
    'before',
    'workername',
    'received_start',
    'timeout',
  ];

  it('never makes it fail', async () => {
    let worst = 0;
    for (const path of PATHS) {
      for (const name of NAMES) {
        for (const value of VALUES) {
          const from = performance.now();
          const { status } = await raw('GET', `${path}?${name}=${value.replaceAll(' ', '%20')}`, {
            host: 'localhost',
          });
          worst = Math.max(worst, performance.now() - from);
          expect(status, `${path}?${name}=${value.slice(0, 40)}`).toBeLessThan(500);
        }
      }
    }
    expect(worst).toBeLessThan(1000);
  });

  it('in a path is no path', async () => {
    for (const value of VALUES) {
      for (const path of [
        '/api/task/info/',
        '/api/task/result/',
        '/task/',
        '/worker/',
        '/',
        '/_next/static/',
      ]) {
        const { status } = await raw('GET', path + value.replaceAll(' ', '%20'), { host: 'localhost' });
        expect(status, path + value.slice(0, 40)).toBeLessThan(500);
      }
    }
  });

  it('in a body is refused', async () => {
    for (const body of [
      '[',
      'null',
      '7',
      '"x"',
      '{"args":{}}',
      '{"args":[],"kwargs":[]}',
      '{"args":[1],"queue":""}',
      '{"expires":"soon"}',
      `${'['.repeat(5000)}`,
    ]) {
      const answer = await flower.post('/api/task/send-task/x', body);
      expect(answer.status, body.slice(0, 40)).toBe(400);
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

describe('read-only mode', () => {
  it.each(POSTS)('refuses POST %s', async (path) => {
    const answer = await readOnly.post(`/flower${path}`, {});
    expect(answer.status).toBe(403);
    expect(answer.json).toEqual({ error: { code: 'forbidden', message: 'Read only mode is enabled' } });
  });

  it('still shows, below its prefix only', async () => {
    expect((await readOnly.get('/flower/api/tasks')).status).toBe(200);
    expect((await readOnly.get('/flower/healthcheck')).text).toBe('OK');
    expect((await readOnly.get('/api/tasks')).status).toBe(404);
    const root = await readOnly.get('/');
    expect([root.status, root.headers.get('location')]).toEqual([302, '/flower/']);
  });
});
