import { describe, expect, it, vi } from 'vitest';
import { ProtocolError, ReplyError } from '../../../lib/redis/failures.ts';
import { type ReplyForm, ReplyReader } from '../../../lib/redis/reply-reader.ts';

function read(chunks: readonly Buffer[], form: ReplyForm = 'text'): unknown[] {
  const replies: unknown[] = [];
  const reader = new ReplyReader(
    (reply) => replies.push(reply),
    () => form,
  );
  for (const chunk of chunks) reader.read(chunk);
  return replies;
}

const WIRE = Buffer.from(
  [
    '+OK',
    ':-42',
    ':9007199254740991',
    '$5',
    'grün',
    '$0',
    '',
    '$-1',
    '*-1',
    '*0',
    '*4',
    '*2',
    '$4',
    'a\r\nb',
    ':7',
    '$-1',
    '-WRONGTYPE inside',
    '*1',
    '*0',
    '-ERR alone',
    '+',
    '',
  ].join('\r\n'),
);

const MEANING = [
  'OK',
  -42,
  9007199254740991,
  'grün',
  '',
  null,
  null,
  [],
  [['a\r\nb', 7], null, new ReplyError('WRONGTYPE inside'), [[]]],
  new ReplyError('ERR alone'),
  '',
];

describe('replies of a Redis server', () => {
  it('are read in one piece', () => {
    expect(read([WIRE])).toStrictEqual(MEANING);
  });

  it('are read cut anywhere, and byte by byte', () => {
    for (let at = 1; at < WIRE.length; at += 1) {
      expect(read([WIRE.subarray(0, at), WIRE.subarray(at)]), `cut at ${at}`).toStrictEqual(MEANING);
    }
    expect(read([...WIRE].map((byte) => Buffer.of(byte)))).toStrictEqual(MEANING);
  });

  it('end where is said, whatever lies behind in the buffer', () => {
    const buffer = Buffer.alloc(WIRE.length + 20, '+old\r\n');
    for (const at of [1, 5, 20, 33, 60, WIRE.length - 1]) {
      const replies: unknown[] = [];
      const reader = new ReplyReader(
        (reply) => replies.push(reply),
        () => 'text',
      );
      for (const part of [WIRE.subarray(0, at), WIRE.subarray(at)]) {
        buffer.fill('+old\r\n');
        part.copy(buffer);
        reader.read(buffer, part.length);
      }
      expect(replies, `cut at ${at}`).toStrictEqual(MEANING);
    }
  });

  it('stay bytes when that is wanted, and do not hold what they came in', () => {
    const chunk = Buffer.allocUnsafeSlow(20);
    chunk.write('$3\r\n\0\x01\x02\r\n*1\r\n$1\r\nx\r\n', 'latin1');
    const [bytes, list] = read([chunk], 'bytes');
    expect(bytes).toStrictEqual(Buffer.of(0, 1, 2));
    expect(list).toStrictEqual([Buffer.from('x')]);
    expect(Buffer.isBuffer(bytes) && bytes.buffer !== chunk.buffer).toBe(true);
  });

  it('are passed over when nobody wants them', () => {
    const wire = Buffer.from('$3\r\nabc\r\n*2\r\n$1\r\nx\r\n:1\r\n-ERR no\r\n');
    expect(read([wire], 'nothing')).toStrictEqual([null, [null, 1], new ReplyError('ERR no')]);
  });

  it('of many pieces are put together once: 64 MB in pieces of 16 KB', () => {
    const size = 64 * 1024 * 1024;
    const pieces = Array.from({ length: size / 16384 }, () => Buffer.alloc(16384, 'x'));
    const concat = vi.spyOn(Buffer, 'concat');
    const [text] = read([Buffer.from(`$${size}\r\n`), ...pieces, Buffer.from('\r\n')]);
    expect(String(text).length).toBe(size);
    expect(concat).toHaveBeenCalledTimes(1);
    concat.mockRestore();
  });

  it.each([
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    'SSH-2.0-x',
    '\u0015\u0003\u0001',
    '*x\r\n',
    ':1a\r\n',
    '$3.5\r\n',
  ])('are not taken for one: %j', (text) => {
    expect(() => read([Buffer.from(text, 'latin1')])).toThrow(ProtocolError);
  });

  it('are refused as a line without end', () => {
    expect(() => read([Buffer.from(`+${'x'.repeat(70_000)}`)])).toThrow(ProtocolError);
  });
});
