import { describe, expect, it } from 'vitest';
import { UmbelError } from '../../lib/contract/errors.ts';
import { decodeEnvelope, encodeEnvelope, markRedelivered } from '../../lib/protocol/envelope.ts';
import { decodeJson } from '../../lib/protocol/json.ts';
import {
  decodeTaskBody,
  decodeTaskRequest,
  encodeTaskMessage,
  type TaskCall,
} from '../../lib/protocol/task-message.ts';
import { golden, goldenTaskMessage, goldenTaskMessages } from './golden.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const ORIGIN = 'gen7247@host1';
const OID = '70ea74f8-85cd-3017-9955-6917b5380807';
const UNREADABLE = new Set(['msgpack 0', 'yaml 0', 'pickle (to be refused) 0']);

function call(changes: Partial<TaskCall>): TaskCall {
  return { task: 'wire.add', id: ID, args: [2, 3], kwargs: {}, origin: ORIGIN, replyTo: OID, ...changes };
}

const sig = (task: string, args: unknown[], options = {}): Record<string, unknown> => ({
  task,
  args,
  kwargs: {},
  options,
  subtask_type: null,
  immutable: false,
});

describe('recorded task messages', () => {
  const readable = goldenTaskMessages().filter(([title]) => !UNREADABLE.has(title));

  it.each(readable)('decodes %s', (title, recorded) => {
    const message = decodeEnvelope(recorded.raw);
    const request = decodeTaskRequest(message);
    const body = decodeTaskBody(request.bodyText);
    const { headers } = recorded;
    expect(message.properties).toEqual(recorded.properties);
    expect(request.task).toBe(headers['task'] ?? 'wire.add');
    expect(request.id).toBe(headers['id'] ?? ID);
    expect(request.etaText).toBe(headers['eta'] ?? null);
    expect(request.expiresText).toBe(headers['expires'] ?? null);
    expect(request.argsrepr).toBe(headers['argsrepr'] ?? '(2, 3)');
    expect(request.correlationId).toBe(recorded.properties['correlation_id']);
    expect(request.replyTo).toBe(OID);
    if (Array.isArray(recorded.body) && title !== 'special types 0') {
      expect([body.args, body.kwargs, body.embed]).toEqual(recorded.body);
    } else {
      expect(body.args.length).toBeGreaterThan(0);
    }
  });

  it('reads dates, decimals, UUIDs and bytes as what they are', () => {
    const { bodyText } = decodeTaskRequest(decodeEnvelope(goldenTaskMessage('special types').raw));
    expect(decodeTaskBody(bodyText).args).toEqual([
      new Date('2026-01-31T10:00:00.250Z'),
      new Date('2026-01-31T00:00:00Z'),
      '1.50',
      ID,
      new Uint8Array([0, 255]),
    ]);
  });

  it('unpacks what Celery calls gzip', () => {
    const { bodyText } = decodeTaskRequest(decodeEnvelope(goldenTaskMessage('gzip').raw));
    expect(decodeTaskBody(bodyText).args).toEqual([2, 3]);
  });

  it('reads protocol 1 as if it were protocol 2', () => {
    const request = decodeTaskRequest(decodeEnvelope(goldenTaskMessage('protocol 1').raw));
    expect(request).toMatchObject({ task: 'wire.add', id: ID, argsrepr: '(2, 3)', retries: 0, rootId: ID });
    expect(decodeTaskBody(request.bodyText)).toEqual({
      args: [2, 3],
      kwargs: {},
      embed: { callbacks: null, errbacks: null, chain: null, chord: null },
    });
  });

  it.each([...UNREADABLE])('refuses %s with a reason', (title) => {
    const recorded = goldenTaskMessage(title.slice(0, -2));
    const read = (): unknown => decodeTaskRequest(decodeEnvelope(recorded.raw));
    expect(read).toThrow(UmbelError);
    expect(read).toThrow(/content type application\/x-\S+ is not accepted/);
  });

  it('keeps stamps, limits, shadow and custom headers', () => {
    const limits = decodeTaskRequest(decodeEnvelope(goldenTaskMessage('shadow, limits, headers').raw));
    expect(limits).toMatchObject({ shadow: 'nice', timeLimit: 30, softTimeLimit: 20 });
    expect(limits.customHeaders).toEqual({ trace: 'abc' });
    const stamped = decodeTaskRequest(decodeEnvelope(goldenTaskMessage('stamped').raw));
    expect(stamped.headers).toMatchObject({ stamped_headers: ['tenant'], stamps: { tenant: 'acme' } });
    expect(stamped.customHeaders).toBeNull();
  });
});

const calls: [string, TaskCall][] = [
  ['delay', call({})],
  ['kwargs', call({ args: [2], kwargs: { y: 3 } })],
  [
    'unicode and nesting',
    call({
      task: 'wire.echo',
      args: [['ü', { k: [1, null, true, 1.5] }], '漢字 \u2028 \'quote\' "double"'],
      kwargs: { naïve: 'ok' },
    }),
  ],
  ['eta', call({ eta: '2026-01-31T10:00:00.250000+00:00' })],
  ['expires', call({ expires: '2036-01-31T10:00:00.250000+00:00', expirationMs: 290148389734 })],
  ['priority 3', call({ priority: 3 })],
  ['priority 9', call({ priority: 9 })],
  ['other queue', call({})],
  [
    'shadow, limits, headers',
    call({ shadow: 'nice', timeLimit: 30, softTimeLimit: 20, headers: { trace: 'abc' } }),
  ],
  ['ignore_result', call({ ignoreResult: true })],
  [
    'link and link_error',
    call({
      embed: {
        callbacks: [{ ...sig('wire.add', [5]) } as never],
        errbacks: [{ ...sig('wire.errback', []) } as never],
      },
    }),
  ],
  ['long argsrepr', call({ task: 'wire.echo', args: longArgs() })],
  ['stamped', call({ args: [1, 2], stampedHeaders: ['tenant'], stamps: { tenant: 'acme' } })],
];

function longArgs(): unknown[] {
  const { body } = goldenTaskMessage('long argsrepr');
  return Array.isArray(body) && Array.isArray(body[0]) ? body[0] : [];
}

describe('messages for the same calls', () => {
  it.each(calls)('%s equals the recorded one field by field', (title, made) => {
    const recorded = goldenTaskMessage(title);
    const destination = recorded.properties['delivery_info'] as { exchange: string; routing_key: string };
    const tag = String(recorded.properties['delivery_tag']);
    const text = encodeEnvelope(
      encodeTaskMessage(made),
      { exchange: destination.exchange, routingKey: destination.routing_key },
      tag,
    );
    const envelope = JSON.parse(text);
    const expected = JSON.parse(recorded.raw);
    expect(envelope.headers).toEqual({ ...expected.headers, lang: 'js' });
    expect(Object.keys(envelope.headers)).toEqual(Object.keys(expected.headers));
    expect(envelope.properties).toEqual(expected.properties);
    expect(Object.keys(envelope)).toEqual(Object.keys(expected));
    expect(decodeJson(Buffer.from(envelope.body, 'base64').toString())).toEqual(recorded.body);
  });

  it('writes an aware datetime for a Date and base64 for bytes, which Python reads back', () => {
    const { body } = encodeTaskMessage(
      call({ args: [new Date('2026-01-31T10:00:00.250Z'), new Uint8Array([0, 255])] }),
    );
    const [recordedDate, , , , recordedBytes] =
      (goldenTaskMessage('special types').body as unknown[][])[0] ?? [];
    expect(JSON.parse(String(body))[0]).toEqual([recordedDate, recordedBytes]);
  });
});

describe('argsrepr', () => {
  const values = golden<{ json: never; top: string; argsrepr?: string; kwargsrepr?: string }[]>('argsrepr');

  it.each(values.map((value) => [value.argsrepr ?? value.kwargsrepr ?? '', value] as const))(
    '%s',
    (expected, { json, top }) => {
      const made = top === 'tuple' ? call({ args: json }) : call({ args: [], kwargs: json });
      const { headers } = encodeTaskMessage(made);
      // JSON of 1.0 reads as 1 here, and is one number in JavaScript.
      const text = expected.replace('(1.0, ', '(1, ');
      expect(top === 'tuple' ? headers['argsrepr'] : headers['kwargsrepr']).toBe(text);
    },
  );
});

describe('redelivery', () => {
  it.each(goldenTaskMessages())('marks %s and leaves the rest as it was', (_title, { raw }) => {
    const once = JSON.parse(markRedelivered(raw));
    const expected = JSON.parse(raw);
    expected.headers.redelivered = true;
    expected.headers['x-delivery-count'] = 1;
    expected.properties.delivery_info.redelivered = true;
    expect(once).toEqual(expected);
    const twice = decodeEnvelope(markRedelivered(markRedelivered(raw)));
    expect(twice.headers['x-delivery-count']).toBe(2);
  });
});

describe('messages that cannot be used', () => {
  const { raw } = goldenTaskMessage('delay');
  const changed = (change: (envelope: Record<string, Record<string, unknown>>) => void): string => {
    const envelope = JSON.parse(raw);
    change(envelope);
    return JSON.stringify(envelope);
  };

  it.each([
    ['no JSON', 'hello', /Not JSON/],
    ['a list', '[]', /no JSON object/],
    ['no properties', changed((envelope) => Reflect.deleteProperty(envelope, 'properties')), /no properties/],
    ['no body', changed((envelope) => Reflect.deleteProperty(envelope, 'body')), /body is no text/],
    ['no id', changed(({ headers }) => Reflect.deleteProperty(headers ?? {}, 'id')), /no id/],
    ['an empty task', changed(({ headers }) => Reflect.set(headers ?? {}, 'task', '')), /no task/],
    [
      'a bad eta',
      changed(({ headers }) => Reflect.set(headers ?? {}, 'eta', 'tomorrow')),
      /eta is no ISO 8601/,
    ],
    [
      'bytes for a body',
      changed((envelope) => Reflect.set(envelope, 'body', 'AAAA')),
      /body is neither|Not JSON/,
    ],
  ])('%s: a bad_message that says why', (_title, text, reason) => {
    const read = (): unknown => decodeTaskRequest(decodeEnvelope(text));
    expect(read).toThrow(reason);
    expect(read).toThrow(expect.objectContaining({ code: 'bad_message' }));
  });

  it('accepts the smallest message that Python accepts', () => {
    const text = JSON.stringify({
      body: '[[1],{},null]',
      'content-type': 'application/json',
      'content-encoding': 'utf-8',
      headers: { task: 't', id: 'i' },
      properties: { delivery_tag: 'x', delivery_info: { exchange: '', routing_key: 'celery' } },
    });
    const request = decodeTaskRequest(decodeEnvelope(text));
    expect(request).toMatchObject({ task: 't', id: 'i', argsrepr: '(1,)', kwargsrepr: '{}', retries: 0 });
    expect(decodeTaskBody(request.bodyText).args).toEqual([1]);
  });
});
