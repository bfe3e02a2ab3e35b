import { describe, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../../lib/backend/sql/url.ts';
import { parseRedisUrl } from '../../../lib/redis/url.ts';
import { maskUrl } from '../../../lib/util/mask.ts';

const PASSWORDS = ['secret', 'p@ss', 'p/ss', 'p%ss', 'p#ss', 'p:ss', 'p?s&s=1', '%41', 'ä😀'];
const SHAPES = [
  (password: string) => `redis://:${password}@host:6379/0`,
  (password: string) => `rediss://user:${password}@host`,
  (password: string) => `db+postgresql://user:${password}@host:5432/name`,
  (password: string) => `db+mysql+pymysql://user:${password}@host/name`,
  (password: string) => `amqp://user:${password}@host//;amqp://user:${password}@other//`,
  (password: string) => `sentinel://:${password}@host:26379;sentinel://:${password}@other:26379/0`,
];

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

  test.each(PASSWORDS)('%s is never shown, encoded or not', (password) => {
    for (const given of [password, encodeURIComponent(password)]) {
      for (const shape of SHAPES) {
        const shown = maskUrl(`Cannot connect to ${shape(given)}: refused.`);
        expect(shown).toContain(':********@host');
        expect(shown).not.toContain(given);
      }
    }
  });

  test('a long text takes no long time', () => {
    const text = `${'a'.repeat(1_000_000)} redis://:secret@host`;
    expect(maskUrl(text).endsWith(' redis://:********@host')).toBe(true);
  });

  test('an at sign or a lone percent may stand as it is', () => {
    expect(parseRedisUrl('redis://:p@s%s@host').password).toBe('p@s%s');
    expect(parseDatabaseUrl('db+mysql://u:p@s%s@host/n').password).toBe('p@s%s');
  });
});
