import { describe, expect, it } from 'vitest';
import { pythonRepr } from '../../../lib/protocol/repr.ts';
import { maskData, maskSettings, maskText, maskUrl } from '../../../lib/util/mask.ts';
import {
  PASSWORDS,
  PLAIN_TEXTS,
  QUERY_SHAPES,
  SETTINGS,
  seen,
  TEXT_SHAPES,
  URL_SHAPES,
} from '../../kit/secrets.ts';

describe('secrets', () => {
  it.each(PASSWORDS)('%s is hidden in URLs, encoded or not', (password) => {
    for (const given of [password, encodeURIComponent(password)]) {
      for (const shape of URL_SHAPES) {
        const url = shape(given);
        const shown = maskUrl(url);
        expect(seen(shown), shown).toEqual([]);
        expect(shown).toMatch(/127\.0\.0\.1|example/);
        for (const text of [
          `Cannot connect to ${url}: refused.`,
          `bad "${url}"`,
          `('${url}',)`,
          `-b ${url}`,
        ]) {
          expect(seen(maskText(text)), `${text} => ${maskText(text)}`).toEqual([]);
        }
      }
    }
    for (const shape of TEXT_SHAPES) {
      const text = shape(password);
      expect(seen(maskText(text)), `${text} => ${maskText(text)}`).toEqual([]);
      expect(seen(JSON.stringify(maskData({ text, list: [text] })))).toEqual([]);
      expect(maskText(maskText(text))).toBe(maskText(text));
    }
  });

  it.each([...QUERY_SHAPES, ...PLAIN_TEXTS])('are hidden in %s', (text) => {
    expect(seen(maskText(text)), maskText(text)).toEqual([]);
  });

  it('are hidden beside others, however these are cut off', () => {
    const texts = [...PLAIN_TEXTS, ...QUERY_SHAPES, ...TEXT_SHAPES.map((shape) => shape(PASSWORDS.join('')))];
    for (const text of texts) {
      for (const other of texts) {
        for (const shown of [
          pythonRepr([text, other, { password: PASSWORDS.join('') }], 9999),
          JSON.stringify([text, other]),
        ]) {
          expect(seen(maskText(shown)), `${shown} => ${maskText(shown)}`).toEqual([]);
        }
      }
    }
  });

  it('are hidden in settings, also as text', () => {
    expect(seen(JSON.stringify(maskSettings(SETTINGS)))).toEqual([]);
    expect(seen(maskText(JSON.stringify(SETTINGS)))).toEqual([]);
    expect(maskSettings({ broker_url: 'redis://:KANARI VOGEL@h', n: 1 })).toEqual({
      broker_url: 'redis://:********@h',
      n: 1,
    });
    // kombu splits at every semicolon.
    expect(maskSettings({ broker: { alternates: ['VOGEL@h', 'amqp://u:KANARI@h'] } })).toEqual({
      broker: { alternates: ['********', 'amqp://u:********@h'] },
    });
  });

  it.each([':KANARI@h', 'user:KANARI@h:1//', 'redis:/:KANARI@h', 'redis:KANARI@h'])(
    'are hidden in %s',
    (url) => {
      expect(seen(maskUrl(url))).toEqual([]);
    },
  );
});

describe('what is no secret', () => {
  it.each([
    'redis://127.0.0.1:6379/0',
    'redis://[::1]:6379/0',
    'amqp://guest@localhost//;amqp://other//',
    'http://localhost:5555/worker/w1@host',
    'https://example.org/@user?q=a:b@c',
    'sentinel://a:26379;sentinel://b:26379/0',
    "{'redis': 'redis://a:1/0', 'mail': 'x@example.org'}",
    '{"broker":"redis://a:1/0","mail":"x@example.org"}',
    "{'pass': None, 'password': '', 'bypass': 3, 'token_count': 5, 'tokens': [1]}",
    "KeyError: 'password'",
    'Unexpected token: what is this',
    'The password: it was wrong',
    "{'routing_key': 'celery', 'key': 'a', 'monkey': 'b'}",
    'tasks.reset_password[1-2]: succeeded in 0.1s: None',
    'Cannot connect to redis://127.0.0.1:1/0: connect ECONNREFUSED 127.0.0.1:1.',
  ])('%s stays as it is', (text) => {
    expect(maskText(text)).toBe(text);
  });

  it('stays around a secret', () => {
    expect(maskText("{'a': 'b', 'password': 'x', 'n': 1}")).toBe(
      "{'a': 'b', 'password': '********', 'n': 1}",
    );
    expect(maskText("{'token': 12, 'n': 1}")).toBe("{'token': '********', 'n': 1}");
    expect(maskText('x redis://u:p@h:1/0 y')).toBe('x redis://u:********@h:1/0 y');
    expect(maskText('a "amqp://u:p@h/v?heartbeat=1" b@c')).toBe('a "amqp://u:********@h/v?heartbeat=1" b@c');
    expect(maskData({ routing_key: 'a', n: [1, { password: 1 }], key: 2 })).toEqual({
      routing_key: 'a',
      n: [1, { password: '********' }],
      key: 2,
    });
    expect(maskSettings({ broker_url: ['redis://:p@h/1'], api: 1, routing_key: 'a' })).toEqual({
      broker_url: ['redis://:********@h/1'],
      api: '********',
      routing_key: 'a',
    });
  });

  it('takes time with the length of the text, not its square', () => {
    const cpuOf = (text: string): number => {
      const from = process.cpuUsage();
      maskText(text);
      const { user, system } = process.cpuUsage(from);
      return user + system;
    };
    for (const part of [
      'a',
      'pass',
      '://',
      '://:',
      "'",
      '\\"',
      'password=',
      "password: '",
      'token={',
      '@',
      ';a://',
      '?token=',
    ]) {
      const [small, large] = [20_000, 200_000].map((size) =>
        Math.min(...[1, 2, 3].map(() => cpuOf(part.repeat(size / part.length)))),
      );
      // Ten times the text; the square would be a hundred times.
      expect(large, part).toBeLessThan(Math.max(small ?? 0, 3000) * 35);
    }
  });
});
