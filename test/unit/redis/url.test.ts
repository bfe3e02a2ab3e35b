import { expect, test } from 'vitest';
import { isRedisUrl, parseRedisUrl } from '../../../lib/redis/url.ts';
import { openTransport } from '../../../lib/transport/open.ts';
import { silentLogger } from '../../../lib/util/logger.ts';

test.each([
  [
    'redis://',
    { host: '127.0.0.1', port: 6379, db: 0, username: null, password: null, path: null, tls: null },
  ],
  ['redis://host', { host: 'host', port: 6379, db: 0 }],
  ['redis://host/', { host: 'host', db: 0 }],
  ['redis://:p%40ss%2F@host:6380/3', { host: 'host', port: 6380, db: 3, username: null, password: 'p@ss/' }],
  ['redis://user:pw@[::1]:7000//2', { host: '::1', port: 7000, db: 2, username: 'user', password: 'pw' }],
  ['redis+socket:///run/redis.sock?virtual_host=4', { path: '/run/redis.sock', db: 4 }],
  ['redis+socket://:pw@/run/redis.sock', { path: '/run/redis.sock', db: 0, password: 'pw' }],
  ['rediss://host', { tls: { isVerified: false, isHostChecked: false, caFile: null } }],
  ['rediss://host?ssl_cert_reqs=CERT_REQUIRED', { tls: { isVerified: true, isHostChecked: true } }],
  [
    'rediss://host?ssl_cert_reqs=required&ssl_check_hostname=false&ssl_ca_certs=/ca.pem',
    { tls: { isVerified: true, isHostChecked: false, caFile: '/ca.pem' } },
  ],
])('reads %s', (url, expected) => {
  expect(parseRedisUrl(url)).toMatchObject(expected);
});

test.each([
  ['redis://:secret@host/zero', /database must be a number such as 0, not "zero"/],
  ['redis://:secret@host/0?visibility_timeout=5', /does not know the parameter "visibility_timeout"/],
  ['redis://:secret@host:99999/0', /cannot be read/],
])('refuses %s without showing the password', (url, message) => {
  expect(() => parseRedisUrl(url)).toThrow(message);
  expect(() => parseRedisUrl(url)).not.toThrow(/secret/);
});

test('leaves the URLs of other brokers alone', () => {
  expect(isRedisUrl('amqp://host')).toBe(false);
  expect(() => openTransport('sqs://guest:secret@host', { logger: silentLogger })).toThrow(
    'No transport for the broker URL "sqs://guest:********@host". Use redis://, rediss://, redis+socket://, sentinel://, amqp:// or amqps://.',
  );
});

test.each([
  [{ lease: 0 }, /lease must be a number of seconds above 0, not 0/],
  [{ visibility_timeout: '5' }, /visibility_timeout must be/],
  [{ priority_steps: [] }, /priority_steps must be a list of integers/],
  [{ sep: 5 }, /sep must be a text/],
])('refuses the transport options %j', (transportOptions, message) => {
  expect(() => openTransport('redis://host', { logger: silentLogger, transportOptions })).toThrow(message);
});
