import { describe, expect, test } from 'vitest';
import { decodeTable, encodeTable, repairProperties } from '../../../lib/amqp/table.ts';

/** A content header's payload with one header table; the other properties are absent or short. */
function payload(table: Buffer, contentType = ''): Buffer {
  const flags = contentType ? 0xa000 : 0x2000;
  const head = Buffer.alloc(14);
  head.writeUInt16BE(60, 0);
  head.writeUInt16BE(flags, 12);
  const type = contentType
    ? Buffer.concat([Buffer.from([contentType.length]), Buffer.from(contentType)])
    : '';
  const length = Buffer.alloc(4);
  length.writeUInt32BE(table.length);
  return Buffer.concat([head, Buffer.from(type), length, table]);
}

const field = (name: string, tag: string, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from(tag), value]);
const long = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};
const sized = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

describe('header tables', () => {
  test('write integers with the tags that Python reads', () => {
    expect(encodeTable({ a: 300, b: -1, c: 2 ** 40, d: 0.5, e: [1, null, { f: 2 }], g: undefined })).toEqual({
      a: { '!': 'int', value: 300 },
      b: { '!': 'int', value: -1 },
      c: { '!': 'long', value: 2 ** 40 },
      d: { '!': 'double', value: 0.5 },
      e: [{ '!': 'int', value: 1 }, null, { f: { '!': 'int', value: 2 } }],
    });
  });

  test('read typed values as plain ones, and names as nothing but names', () => {
    const table = decodeTable({ t: { '!': 'timestamp', value: 5 }, __proto__x: 1, list: [{ a: 1 }] });
    expect({ ...table }).toEqual({ t: 5, __proto__x: 1, list: [{ a: 1 }] });
    expect(Object.getPrototypeOf(table)).toBeNull();
  });

  test("rewrite Python's tag for 64 bits wherever it stands, and nothing else", () => {
    const text = field('text', 'S', sized(Buffer.from('LLLL')));
    const nested = field('in', 'F', sized(field('L', 'L', long(5n))));
    const list = field(
      'list',
      'A',
      sized(Buffer.concat([Buffer.from('L'), long(6n), Buffer.from('t'), Buffer.from([1])])),
    );
    const bytes = payload(
      Buffer.concat([text, nested, list, field('big', 'L', long(-7n))]),
      'application/LL',
    );
    const before = Buffer.from(bytes);
    repairProperties(bytes);
    const changed = [...bytes].flatMap((byte, index) =>
      byte === before[index] ? [] : [`${before[index]} ${byte}`],
    );
    expect(changed).toEqual(['76 108', '76 108', '76 108']);
    expect(bytes.toString('latin1')).toContain('LLLL');
  });

  test.each(['F', 'A'])('nested too deeply (%s) become bytes, which no decoder follows', (tag) => {
    const wrap = (inner: Buffer): Buffer =>
      tag === 'F' ? field('', 'F', sized(inner)) : Buffer.concat([Buffer.from('A'), sized(inner)]);
    let deep: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 5_000; depth += 1) deep = wrap(deep);
    const bytes = payload(tag === 'F' ? deep : Buffer.concat([Buffer.from([0]), deep]));
    const before = Buffer.from(bytes);
    repairProperties(bytes);
    const changed = [...bytes.keys()].filter((index) => bytes[index] !== before[index]);
    const levelBytes = tag === 'F' ? 6 : 5;
    // After 14 bytes of properties, 4 of the table's length and a name's length: the tag of the level after 1,000.
    expect(changed).toEqual([19 + 1_000 * levelBytes]);
    expect(String.fromCharCode(bytes[changed[0] ?? 0] ?? 0)).toBe('x');
  });

  test('leave nonsense to the decoder, without reading beyond it', () => {
    const whole = payload(field('in', 'F', sized(field('x', 'L', long(1n)))));
    for (let length = 14; length < whole.length; length += 1) {
      const cut = Buffer.from(whole.subarray(0, length));
      try {
        repairProperties(cut);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
    expect(() => repairProperties(payload(field('x', 'Q', long(1n))))).not.toThrow();
  });
});
