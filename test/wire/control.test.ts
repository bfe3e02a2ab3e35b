import { describe, expect, it } from 'vitest';
import {
  decodeControlReply,
  decodeControlRequest,
  encodeControlReply,
  encodeControlRequest,
  isAddressedTo,
} from '../../lib/protocol/control.ts';
import { decodeEnvelope, encodeEnvelope } from '../../lib/protocol/envelope.ts';
import { type GoldenMessage, golden } from './golden.ts';

const requests = golden<(GoldenMessage & { body: { method: string } })[]>('control-requests');

describe('recorded control requests', () => {
  it.each(requests.map((message) => [message.body.method, message] as const))(
    '%s decodes, and encodes to the same',
    (_method, { raw, headers, properties }) => {
      const message = decodeEnvelope(raw);
      const request = decodeControlRequest(message);
      const { clock, expires } = headers;
      const again = JSON.parse(
        encodeEnvelope(
          encodeControlRequest(request, Number(clock), Number(expires)),
          { exchange: 'celery.pidbox', routingKey: '' },
          String(properties['delivery_tag']),
        ),
      );
      const recorded = JSON.parse(raw);
      const body = (envelope: { body: string }): unknown =>
        JSON.parse(Buffer.from(envelope.body, 'base64').toString());
      expect(body(again)).toEqual(body(recorded));
      expect(again.headers).toEqual(recorded.headers);
      expect(again.properties).toEqual(recorded.properties);
    },
  );
});

describe('control replies', () => {
  it('come back with their ticket', () => {
    const replies = golden<Record<string, unknown>>('control-replies');
    const [[hostname, value] = ['', null]] = Object.entries(replies['stats'] as Record<string, unknown>);
    const text = encodeEnvelope(
      encodeControlReply(hostname, value, 'the-ticket', 7),
      { exchange: 'reply.celery.pidbox', routingKey: 'oid' },
      'tag',
    );
    expect(decodeControlReply(decodeEnvelope(text))).toEqual({
      ticket: 'the-ticket',
      clock: 7,
      replies: replies['stats'],
    });
  });
});

describe('whom a request is for', () => {
  const request = (changes: object): ReturnType<typeof decodeControlRequest> =>
    decodeControlRequest(encodeControlRequest({ method: 'ping', ...changes }, 1, 0));

  it.each([
    ['everybody', {}, true],
    ['a list with the name', { destination: ['w2@h', 'w1@h'] }, true],
    ['a list without it', { destination: ['w2@h'] }, false],
    ['an empty list', { destination: [] }, true],
    ['a glob', { pattern: 'w?@*', matcher: 'glob' }, true],
    ['a glob of another', { pattern: 'x*', matcher: 'glob' }, false],
    ['a glob set', { pattern: 'w[!2]@h', matcher: 'glob' }, true],
    ['a regular expression from the start', { pattern: 'w1', matcher: 'pcre' }, true],
    ['a regular expression from the middle', { pattern: '@h', matcher: 'pcre' }, false],
    ['a broken pattern', { pattern: '(', matcher: 'pcre' }, false],
  ])('%s', (_title, changes, expected) => {
    expect(isAddressedTo(request(changes), 'w1@h')).toBe(expected);
  });
});
