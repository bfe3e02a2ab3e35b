import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compress, decompress } from '../../../lib/protocol/compression.ts';
import { decodePayload, encodePayload } from '../../../lib/protocol/payload.ts';
import { acceptedTypes, serializerNamed } from '../../../lib/protocol/serializer.ts';
import { encodeTaskMessage } from '../../../lib/protocol/task-message.ts';
import { decodeTaskBody, decodeTaskRequest } from '../../../lib/protocol/task-request.ts';
import type { WireMessage } from '../../../lib/protocol/wire.ts';

const limits = { accept: acceptedTypes(['json', 'msgpack', 'yaml']), maxBytes: 1_000_000 };

function message(contentType: string, body: string | Uint8Array, headers = {}): WireMessage {
  return { headers, properties: {}, contentType, contentEncoding: 'utf-8', body };
}

const read = (contentType: string, body: string | Uint8Array): unknown =>
  decodePayload(message(contentType, body), limits);
const yaml = (text: string): unknown => read('application/x-yaml', text);
const msgpack = (bytes: Iterable<number>): unknown => read('application/x-msgpack', Uint8Array.from(bytes));

describe.each(['json', 'msgpack', 'yaml'])('%s', (name) => {
  const serializer = serializerNamed(name);

  it('gives back what it was given', () => {
    const value = {
      numbers: [0, -1, 255, 65_536, 2 ** 40, -(2 ** 40), 1.5, -2.25e-9, 1e21, 2n ** 60n],
      texts: [
        '',
        'yes',
        'null',
        '1:30',
        '=',
        '~',
        "it's",
        'a "b" \\ \n\t',
        'ü\u2028\u0085\u007f😀',
        '# no comment',
      ],
      rest: [true, false, null, [], {}, [[[{ deep: [] }]]]],
      ['k'.repeat(1500)]: 1,
      '': 2,
    };
    expect(serializer.decode(serializer.encode(value))).toEqual(value);
  });

  it('carries dates, bytes and what is no number', () => {
    const date = new Date('2026-01-02T03:04:05.678Z');
    const got = serializer.decode(
      serializer.encode({
        date,
        bytes: new Uint8Array([0, 255]),
        odd: [Number.NaN, Infinity, -Infinity],
        no: undefined,
      }),
    );
    expect(got).toEqual({ date, bytes: expect.any(Uint8Array), odd: [Number.NaN, Infinity, -Infinity] });
    expect([...Object(got).bytes]).toEqual([0, 255]);
  });

  it.each([
    ['a function', () => () => 1],
    ['a Map', () => new Map()],
    ['an error', () => new Error('x')],
    ['a bad date', () => new Date('x')],
    [
      'a cycle',
      () => ({
        get self(): unknown {
          return this;
        },
      }),
    ],
  ])('refuses %s', (_what, make) => {
    expect(() => serializer.encode({ value: make() })).toThrow(
      expect.objectContaining({ code: 'bad_request' }),
    );
  });

  it('writes a task that a worker reads', () => {
    const call = {
      task: 'tasks.add',
      id: 'id-1',
      args: [1, 'ü', new Date(0)],
      kwargs: { x: [2] },
      origin: 'gen1@test',
      replyTo: 'oid',
      embed: {
        chain: [{ task: 'b', args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false }],
      },
    };
    for (const compression of [null, 'gzip', 'brotli']) {
      const sent = encodeTaskMessage({ ...call, format: { serializer, compression } });
      expect(sent.contentType).toBe(serializer.contentType);
      const body = decodeTaskBody(decodeTaskRequest(sent, limits).bodyText);
      expect(body).toMatchObject({ args: call.args, kwargs: call.kwargs, embed: { chain: [{ task: 'b' }] } });
    }
  });
});

describe('plain texts of YAML', () => {
  it.each<[string, unknown]>([
    ['y', 'y'],
    ['No', false],
    ['on', true],
    ['1e3', '1e3'],
    ['12e45678', '12e45678'],
    ['1.0e+3', 1000],
    ['.5', 0.5],
    ['-.inf', Number.NEGATIVE_INFINITY],
    ['089', '089'],
    ['010', 8],
    ['0x1F', 31],
    ['-0b11', -3],
    ['1_000', 1000],
    ['1:30', 90],
    ['0:30', '0:30'],
    ['-1:30.5', -90.5],
    ['9223372036854775808', 9_223_372_036_854_775_808n],
    ['2026-1-2', '2026-1-2'],
    ['2026-01-02', new Date('2026-01-02')],
    ['2026-01-02 03:04:05.5 +01:00', new Date('2026-01-02T02:04:05.500Z')],
    ['~', null],
    ['', null],
    ['!!str 5', '5'],
  ])('%s is what PyYAML takes it for', (text, value) => {
    expect(yaml(text)).toEqual(value);
  });
});

describe('hostile bodies', () => {
  it.each<[string, () => unknown]>([
    ['nested JSON', () => read('application/json', '['.repeat(100_000) + ']'.repeat(100_000))],
    [
      'nested JSON objects',
      () => read('application/json', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    ],
    ['nested MessagePack', () => msgpack(new Uint8Array(100_001).fill(0x91))],
    [
      'nested MessagePack maps',
      () => msgpack(Array.from({ length: 100_000 }, () => [0x81, 0xa1, 0x61]).flat()),
    ],
    ['nested YAML flow', () => yaml('['.repeat(100_000) + ']'.repeat(100_000))],
    ['nested YAML mappings', () => yaml('{a: '.repeat(100_000))],
    ['nested YAML sequences', () => yaml(`${'- '.repeat(100_000)}x`)],
    ['nested YAML keys', () => yaml(`${'? '.repeat(100_000)}x`)],
    ['indented YAML', () => yaml(Array.from({ length: 2000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'))],
    [
      'a YAML alias bomb',
      () =>
        yaml(
          ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefgh']
            .map((line, at, all) =>
              at === 0
                ? line
                : `${line}: &${line} [${Array(9)
                    .fill(`*${String(all[at - 1])[0]}`)
                    .join(',')}]`,
            )
            .join('\n'),
        ),
    ],
    ['a YAML tag that runs code', () => yaml('!!python/object/apply:os.system ["id"]')],
    ['a YAML tag of JavaScript', () => yaml('!!js/function "() => 1"')],
    ['a YAML set', () => yaml('!!set {a, b}')],
    ['two YAML documents', () => yaml('a: 1\n---\nb: 2')],
    ['a MessagePack array of four billion', () => msgpack([0xdd, 0xff, 0xff, 0xff, 0xff])],
    ['a MessagePack text that is too short', () => msgpack([0xdb, 0xff, 0xff, 0xff, 0xff, 0x61])],
    ['an unknown MessagePack extension', () => msgpack([0xd4, 0x05, 0x00])],
    ['the unused MessagePack byte', () => msgpack([0xc1])],
    ['MessagePack with more behind it', () => msgpack([0x01, 0x02])],
    ['nothing at all as MessagePack', () => msgpack([])],
  ])('%s is refused, not fatal', (_what, attempt) => {
    expect(attempt).toThrow(expect.objectContaining({ code: 'bad_message' }));
  });

  it('never touch prototypes', () => {
    const sources = [
      () => read('application/json', '{"__proto__": {"polluted": 1}, "a": {"__proto__": {"polluted": 1}}}'),
      () => yaml('{"__proto__": {"polluted": 1}, "a": {"__proto__": {"polluted": 1}}, constructor: 1}'),
      () => msgpack([0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa8, ...Buffer.from('polluted'), 1]),
    ];
    for (const source of sources) {
      expect(Object(source()).polluted).toBeUndefined();
      expect(Object.getPrototypeOf(source())).toBe(Object.prototype);
    }
    expect(Object(Object.prototype).polluted).toBeUndefined();
  });

  it('pickle is never read, whatever is accepted', () => {
    const pickled = message('application/x-python-serialize', new Uint8Array([0x80, 4, 0x4e, 0x2e]));
    expect(() => decodePayload(pickled, limits)).toThrow(/application\/x-python-serialize is not accepted/);
    expect(() => decodePayload(message('application/x-yaml', 'a: 1'))).toThrow(
      /add "yaml" to accept_content/,
    );
    expect(() => acceptedTypes(['pickle'])).toThrow(/never read/);
  });
});

describe('compressed bodies', () => {
  it.each(['gzip', 'zlib', 'brotli'])('%s comes back', (method) => {
    const packed = compress('ü'.repeat(1000), method);
    expect(packed.bytes.length).toBeLessThan(500);
    expect(decompress(packed.bytes, packed.contentType, 10_000).toString()).toBe('ü'.repeat(1000));
    expect(() => decompress(packed.bytes, packed.contentType, 1000)).toThrow(/more than 1000 bytes/);
  });

  it("kombu's gzip is a zlib stream", () => {
    expect(compress('x', 'gzip')).toMatchObject({ contentType: 'application/x-gzip' });
    expect(compress('x', 'gzip').bytes[0]).toBe(0x78);
    expect(decompress(Uint8Array.from(deflateSync('hello')), 'gzip', 100).toString()).toBe('hello');
  });

  it.each(['bzip2', 'lzma', 'application/x-bz2', 'rot13'])('%s is refused with what works', (method) => {
    expect(() => compress('x', method)).toThrow(/is not understood; here are: gzip, brotli/);
    expect(() => decompress('x', method, 10)).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  it('zstd works, or names the Node that has it', () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const isThere = major > 23 || (major === 22 && minor >= 15) || (major === 23 && minor >= 8);
    const attempt = (): string =>
      decompress(compress('hello', 'zstd').bytes, 'application/zstd', 100).toString();
    if (isThere) expect(attempt()).toBe('hello');
    else expect(attempt).toThrow(/"zstd" needs Node 22\.15/);
  });
});

describe('size', () => {
  it('a body beyond the limit is refused with what to do', () => {
    const make = (length: number): unknown => encodePayload('x'.repeat(length), { maxBytes: 1000 });
    expect(make(900)).toMatchObject({ contentType: 'application/json' });
    expect(() => make(2000)).toThrow(/take 0\.0 MiB.*raise broker_transport_options\.max_message_size/);
    expect(() => make(2000)).toThrow(expect.objectContaining({ code: 'too_large' }));
  });
});
