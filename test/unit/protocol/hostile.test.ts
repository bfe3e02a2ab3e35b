import { describe, expect, it } from 'vitest';
import { UmbelError } from '../../../lib/contract/errors.ts';
import { decompress } from '../../../lib/protocol/compression.ts';
import { decodeControlRequest } from '../../../lib/protocol/control.ts';
import { decodeEnvelope, markRedelivered } from '../../../lib/protocol/envelope.ts';
import { decodeEvents } from '../../../lib/protocol/event.ts';
import { parsePythonLiteral } from '../../../lib/protocol/repr.ts';
import { decodeResult } from '../../../lib/protocol/result.ts';
import { decodeTaskBody, decodeTaskRequest } from '../../../lib/protocol/task-message.ts';
import { golden, goldenTaskMessages } from '../../wire/golden.ts';

/** The same numbers each run, so that a failure can be looked at. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

const PIECES = [
  '"',
  '{',
  '}',
  '[',
  ']',
  'null',
  '1e999',
  '-',
  '\\u0000',
  '__proto__',
  'NaN',
  ',',
  ':',
  '\ud800',
  '😀',
  '{}',
  '[[]]',
];

function mutate(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const length = Math.floor(random() * 20);
  const piece = PIECES[Math.floor(random() * PIECES.length)] ?? '';
  return text.slice(0, at) + piece + text.slice(at + length);
}

/** Anything but an UmbelError is a crash. */
function survives(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(UmbelError);
  }
}

describe('damaged input', () => {
  it('gives an UmbelError or a value, never a crash', () => {
    expect.hasAssertions();
    const random = randomNumbers(1);
    const raws = goldenTaskMessages().map(([, { raw }]) => raw);
    const bodies = goldenTaskMessages().map(([, { body }]) => JSON.stringify(body));
    const results = Object.values(golden<Record<string, { value: string }>>('results')).map(
      ({ value }) => value,
    );
    const pick = (list: readonly string[]): string =>
      mutate(mutate(list[Math.floor(random() * list.length)] ?? '', random), random);
    for (let round = 0; round < 4000; round += 1) {
      const raw = pick(raws);
      survives(() => decodeTaskBody(decodeTaskRequest(decodeEnvelope(raw)).bodyText));
      survives(() => markRedelivered(raw));
      survives(() => decodeControlRequest(decodeEnvelope(raw)));
      survives(() => decodeTaskBody(pick(bodies)));
      survives(() => decodeResult(pick(results)));
      survives(() => decodeEvents({ ...message, body: pick(bodies) }));
      survives(() => parsePythonLiteral(pick(results)));
    }
    expect(() => decodeEnvelope('x')).toThrow(UmbelError);
  });

  const message = { headers: {}, properties: {}, contentType: 'application/json', contentEncoding: 'utf-8' };

  it('a compressed body is unpacked up to a limit', async () => {
    const { deflateSync } = await import('node:zlib');
    const bomb = Uint8Array.from(deflateSync('x'.repeat(100_000)));
    expect(() => decompress(bomb, 'application/x-gzip', 1000)).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    );
    expect(decompress(bomb, 'application/x-gzip', 1_000_000).length).toBe(100_000);
    expect(() => decompress(new Uint8Array([1, 2]), 'application/x-gzip', 1000)).toThrow(
      expect.objectContaining({ code: 'bad_message' }),
    );
    expect(() => decompress(bomb, 'application/x-bz2', 1000)).toThrow(/here are: gzip, brotli/);
  });
});
