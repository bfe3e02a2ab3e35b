import { expect, test } from 'vitest';
import { parseRedisUrl } from '../../../lib/redis/url.ts';

const transportOptions = { master_name: 'mymaster' };

test('reads a list of sentinels, with login and database of the first', () => {
  const url = 'sentinel://:p%3Bw@one/2;sentinel://:p%3Bw@two:26380';
  expect(parseRedisUrl(url, { transportOptions })).toMatchObject({
    host: 'one',
    port: 26379,
    db: 2,
    password: 'p;w',
    display: 'sentinel://:********@one/2;sentinel://:********@two:26380',
    sentinels: {
      nodes: [
        { host: 'one', port: 26379 },
        { host: 'two', port: 26380 },
      ],
      masterName: 'mymaster',
      minOtherSentinels: 0,
      username: null,
      password: null,
      tls: null,
    },
  });
});

test('reads login and TLS of the sentinels', () => {
  const sentinel_kwargs = {
    username: 'u',
    password: 'p',
    ssl: true,
    ssl_cert_reqs: 'none',
    socket_timeout: 1,
  };
  const options = { ...transportOptions, min_other_sentinels: 2, sentinel_kwargs };
  expect(parseRedisUrl('sentinel://one', { transportOptions: options }).sentinels).toMatchObject({
    minOtherSentinels: 2,
    username: 'u',
    password: 'p',
    tls: { isVerified: false },
  });
});

test.each([
  ['sentinel://one', {}, /needs the name of the master: set \{ master_name: "mymaster" \}/],
  ['sentinel://one/1;sentinel://two/2', transportOptions, /the database belongs to the first URL/],
  ['sentinel://one;two', transportOptions, /it must begin with/],
  ['sentinel://one', { ...transportOptions, min_other_sentinels: -1 }, /min_other_sentinels must be/],
  ['sentinel://one', { ...transportOptions, sentinel_kwargs: { pasword: 'x' } }, /does not know "pasword"/],
])('refuses %s with %j in one line', (url, options, message) => {
  expect(() => parseRedisUrl(url, { transportOptions: options })).toThrow(message);
});
