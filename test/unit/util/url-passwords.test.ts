import { describe, expect, test } from 'vitest';
import { parseAmqpUrls } from '../../../lib/amqp/url.ts';
import { parseDatabaseUrl } from '../../../lib/backend/sql/url.ts';
import { parseRedisUrl } from '../../../lib/redis/url.ts';
import { PASSWORDS as HIDDEN, seen, URL_SHAPES } from '../../kit/secrets.ts';

const PASSWORDS = ['secret', 'p@ss', 'p/ss', 'p%ss', 'p#ss', 'p:ss', 'p?s&s=1', '%41', 'ä😀'];

function errorOf(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('passwords in URLs', () => {
  test.each(PASSWORDS)('%s is read where it is encoded', (password) => {
    const encoded = encodeURIComponent(password);
    expect(parseRedisUrl(`redis://user:${encoded}@host:1/2`)).toMatchObject({
      password,
      host: 'host',
      db: 2,
    });
    expect(parseDatabaseUrl(`db+postgresql://user:${encoded}@host:1/name`)).toMatchObject({
      password,
      host: 'host',
      port: 1,
      database: 'name',
    });
    expect(parseDatabaseUrl(`db+mysql+pymysql://u:${encoded}@h/n`)).toMatchObject({
      password,
      kind: 'mysql',
    });
  });

  test.each(HIDDEN)('%s is in no error about the URL, encoded or not', (password) => {
    for (const given of [password, encodeURIComponent(password)]) {
      for (const shape of URL_SHAPES) {
        for (const read of [parseRedisUrl, parseAmqpUrls, parseDatabaseUrl]) {
          for (const end of ['', '?nope=1', '/x'])
            expect(seen(errorOf(() => read(shape(given) + end)))).toEqual([]);
        }
      }
    }
  });

  test('whose end is unclear is refused', () => {
    for (const url of ['redis://u:1/p@host', 'redis://:p@a/b@host/0', 'redis://:p?a@host']) {
      expect(errorOf(() => parseRedisUrl(url))).toMatch(
        /not clear where its login ends. In a name, password or vhost write @ as %40/,
      );
    }
    expect(errorOf(() => parseAmqpUrls('amqp://u:1/p@host/v'))).toMatch(/not clear/);
    expect(errorOf(() => parseDatabaseUrl('db+mysql://u:1/p@host/v'))).toMatch(/not clear/);
    expect(parseRedisUrl('redis+socket:///tmp/a@b.sock').path).toBe('/tmp/a@b.sock');
  });

  test('an at sign or a lone percent may stand as it is', () => {
    expect(parseRedisUrl('redis://:p@s%s@host').password).toBe('p@s%s');
    expect(parseDatabaseUrl('db+mysql://u:p@s%s@host/n').password).toBe('p@s%s');
  });
});
