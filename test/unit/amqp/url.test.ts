import { describe, expect, test } from 'vitest';
import { parseAmqpUrls } from '../../../lib/amqp/url.ts';

const one = (url: string) => parseAmqpUrls(url)[0];

describe('amqp URLs', () => {
  test.each([
    ['amqp://h', '/'],
    ['amqp://h/', '/'],
    ['amqp://h//', '/'],
    ['amqp://h/prod', 'prod'],
    ['amqp://h/%2F', '/'],
    ['amqp://h/vh%2Fx', 'vh/x'],
    ['amqp://h//prod', '/prod'],
  ])('%s means the vhost %s', (url, vhost) => {
    expect(one(url)).toMatchObject({ host: 'h', port: 5672, vhost, username: 'guest', password: 'guest' });
  });

  test("reads the first line of Celery's tutorials", () => {
    expect(one('pyamqp://guest@localhost//')).toMatchObject({
      host: 'localhost',
      port: 5672,
      vhost: '/',
      username: 'guest',
      password: 'guest',
      isTls: false,
    });
  });

  test.each([
    ['amqp://u:p%40s%2Fs%25%3A@h/', 'p@s/s%:'],
    ['amqp://u:p@ss@h/', 'p@ss'],
    ['amqp://u:100%@h/', '100%'],
    ['amqp://u:a:b@h/', 'a:b'],
    ['amqp://u:@h/', ''],
  ])('%s has the password %s, and never shows it', (url, password) => {
    const address = one(url);
    expect(address).toMatchObject({ host: 'h', username: 'u', password });
    if (password !== '') expect(address?.display).not.toContain(password);
  });

  test('reads hosts, ports and parameters', () => {
    expect(one('amqps://h')).toMatchObject({ port: 5671, isTls: true });
    expect(one('amqp://[::1]:5673/v')).toMatchObject({ host: '::1', port: 5673, vhost: 'v' });
    expect(one('amqp://')).toMatchObject({ host: '127.0.0.1', port: 5672, vhost: '/' });
    expect(
      one('amqps://h/v?heartbeat=10&connect_timeout=3&login_method=EXTERNAL&ssl_ca_certs=/ca.pem'),
    ).toMatchObject({
      vhost: 'v',
      heartbeat: 10,
      connectTimeout: 3,
      loginMethod: 'EXTERNAL',
      tlsParameters: { ca_certs: '/ca.pem' },
    });
  });

  test('reads a list for failover', () => {
    const list = parseAmqpUrls('amqp://a:1@one:1//;amqp://b:2@two:2/x');
    expect(list.map(({ host, port, vhost, username }) => [host, port, vhost, username])).toEqual([
      ['one', 1, '/', 'a'],
      ['two', 2, 'x', 'b'],
    ]);
  });

  test.each([
    'amqp://u:s3cr/et@h/',
    'amqp://u:12/s3cret@h/v',
    'amqp://u:s3cr?et@h/',
    'amqp://u:12?s3cret@h/',
    'amqp://u:s3cr#et@h/',
    'amqp://u:s3cr;et@h/',
    'amqp://u:s@3c/ret@h/',
    'amqp://a:1@one//;amqp://u:s3cr/et@h/',
  ])('refuses %s, whose password is not encoded, and shows no piece of it', (url) => {
    expect(() => parseAmqpUrls(url)).toThrow(/^(?!.*(s3c|s@3|ret|et@)).*write @ as %40, \/ as %2F/i);
  });

  test.each([
    ['amqp://h/?visibility_timeout=3', /does not know the parameter "visibility_timeout"/],
    ['amqp://h:70000/', /there is no port 70000/],
    ['amqp://h/?heartbeat=often', /heartbeat must be a number of seconds/],
    ['amqp://h:port/', /its host and port cannot be read/],
    ['amqp:/h', /write amqp:\/\/user:password@host/],
  ])('refuses %s', (url, text) => {
    expect(() => parseAmqpUrls(url)).toThrow(text);
  });
});
