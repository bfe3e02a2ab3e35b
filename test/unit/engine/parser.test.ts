import { describe, expect, test } from 'vitest';
import { Args } from '../../../server/engine/resp/args.ts';
import { ProtocolError, RequestParser } from '../../../server/engine/resp/parser.ts';
import { randomOf } from '../../kit/random.ts';
import { encodeCommand } from '../../kit/raw-redis.ts';

function readAll(parser: RequestParser): string[][] {
  const args = new Args();
  const found: string[][] = [];
  while (parser.next(args)) found.push(args.strings(0));
  return found;
}

const COMMANDS = [
  ['SET', 'key', 'va\r\nlue'],
  ['PING'],
  ['LPUSH', 'q', '', '\u0000\u00ff', 'x'.repeat(300)],
  ['GET', 'key'],
];
const BYTES = Buffer.from(`${COMMANDS.map(encodeCommand).join('')}ECHO "in line"\r\n*0\r\nPING\n`, 'latin1');
const EXPECTED = [...COMMANDS, ['ECHO', 'in line'], ['PING']];

describe('RequestParser', () => {
  test('reads a pipeline at once', () => {
    const parser = new RequestParser();
    parser.feed(BYTES);
    expect(readAll(parser)).toEqual(EXPECTED);
    expect(parser.pending).toBe(0);
  });

  test('reads the same whatever two places the bytes are cut at', () => {
    for (let first = 1; first < BYTES.length - 1; first += 1) {
      for (const second of [first + 1, first + 7, BYTES.length - 1]) {
        const parser = new RequestParser();
        const found: string[][] = [];
        for (const part of [
          BYTES.subarray(0, first),
          BYTES.subarray(first, second),
          BYTES.subarray(second),
        ]) {
          parser.feed(part);
          found.push(...readAll(parser));
        }
        expect(found).toEqual(EXPECTED);
      }
    }
  });

  test('reads the same byte by byte', () => {
    const parser = new RequestParser();
    const found: string[][] = [];
    for (const byte of BYTES) {
      parser.feed(Buffer.from([byte]));
      found.push(...readAll(parser));
    }
    expect(found).toEqual(EXPECTED);
  });

  test('any single changed byte is read, waited for or refused, never worse', () => {
    for (let at = 0; at < BYTES.length; at += 1) {
      for (const value of [0, 13, 36, 42, 45, 57, 255]) {
        const bytes = Buffer.from(BYTES);
        bytes[at] = value;
        const parser = new RequestParser();
        parser.feed(bytes);
        try {
          expect(readAll(parser).length).toBeLessThan(200);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ProtocolError);
        }
      }
    }
  });

  test('random commands in random pieces, also when the last is cut off: 1,000 seeds', () => {
    for (let seed = 1; seed <= 1000; seed += 1) {
      const { next, below: upTo } = randomOf(seed);
      const text = (): string => String.fromCharCode(...Array.from({ length: upTo(60) }, () => upTo(256)));
      const commands = Array.from({ length: 1 + upTo(8) }, () => Array.from({ length: 1 + upTo(5) }, text));
      const ends = commands.map(
        (_, index) =>
          commands
            .slice(0, index + 1)
            .map(encodeCommand)
            .join('').length,
      );
      const bytes = Buffer.from(commands.map(encodeCommand).join(''), 'latin1');
      const cut = bytes.subarray(0, next() < 0.5 ? bytes.length : upTo(bytes.length));
      const parser = new RequestParser();
      const found: string[][] = [];
      for (let at = 0; at < cut.length; ) {
        const length = 1 + upTo(40);
        parser.feed(Buffer.from(cut.subarray(at, at + length)));
        found.push(...readAll(parser));
        at += length;
      }
      const whole = ends.filter((end) => end <= cut.length).length;
      expect([seed, found]).toEqual([seed, commands.slice(0, whole)]);
    }
  });

  test('a copy outlives the receive buffer', () => {
    const parser = new RequestParser();
    const bytes = Buffer.from(encodeCommand(['SET', 'key', 'value']));
    parser.feed(bytes);
    const args = new Args();
    parser.next(args);
    const value = args.bytes(2);
    const copy = args.detach();
    bytes.fill(0);
    expect(value.toString()).toBe('value');
    expect(copy.strings(0)).toEqual(['SET', 'key', 'value']);
  });
});
