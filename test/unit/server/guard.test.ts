import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Guard } from '../../../server/http/guard.ts';

const local = new Guard({ address: '127.0.0.1', allowedHosts: ['flower.example.com'] });
const open = new Guard({ address: '0.0.0.0', allowedHosts: [] });

const host = (name: string | undefined): { headers: IncomingHttpHeaders } => ({
  headers: name === undefined ? {} : { host: name },
});

describe('who may ask', () => {
  it.each(['localhost:5555', '127.0.0.1', '[::1]:5555', 'LOCALHOST', 'flower.example.com'])(
    'serves %s',
    (name) => {
      expect(local.isHostAllowed(host(name))).toBe(true);
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    'evil.example:5555',
    '127.0.0.1.nip.io',
    '10.0.0.1',
    '',
    'a b',
    undefined,
  ])('does not serve the name %s, which may be rebound', (name) => {
    expect(local.isHostAllowed(host(name))).toBe(false);
  });

  it('serves every address but no foreign name when it listens on all', () => {
    expect(open.isHostAllowed(host('192.168.1.5:5555'))).toBe(true);
    expect(open.isHostAllowed(host('[fe80::1]:5555'))).toBe(true);
    expect(open.isHostAllowed(host('evil.example'))).toBe(false);
  });

  it.each<[boolean, IncomingHttpHeaders]>([
    [true, {}],
    [true, { origin: 'http://localhost:5555' }],
    [true, { origin: 'http://localhost:5555', 'sec-fetch-site': 'same-origin' }],
    [true, { 'sec-fetch-site': 'none' }],
    [false, { origin: 'http://localhost:3000' }],
    [false, { origin: 'http://evil.example' }],
    [false, { origin: 'null' }],
    [false, { origin: 'http://localhost:5555', 'sec-fetch-site': 'cross-site' }],
    [false, { 'sec-fetch-site': 'same-site' }],
  ])('says %s to %j', (isAllowed, headers) => {
    expect(local.isSameOrigin({ headers: { host: 'localhost:5555', ...headers } })).toBe(isAllowed);
  });
});
