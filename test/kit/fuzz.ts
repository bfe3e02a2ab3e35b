import { UmbelError } from '../../lib/contract/errors.ts';
import { decodeControlRequest } from '../../lib/protocol/control.ts';
import { decodeEnvelope, markRedelivered } from '../../lib/protocol/envelope.ts';
import { decodeEvents } from '../../lib/protocol/event.ts';
import type { PayloadLimits } from '../../lib/protocol/payload.ts';
import { decodeResult } from '../../lib/protocol/result.ts';
import { acceptedTypes, serializerNamed } from '../../lib/protocol/serializer.ts';
import { decodeTaskBody, decodeTaskRequest } from '../../lib/protocol/task-message.ts';
import { golden, goldenTaskMessages } from '../wire/golden.ts';
import type { Random } from './random.ts';

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
  'constructor',
  'prototype',
  'NaN',
  ',',
  ':',
  '\ud800',
  '😀',
  '{}',
  '[[]]',
  '{"__proto__": {"polluted": 1}}',
  '"__type__"',
  '"__value__"',
  '&a',
  '*a',
  '!!binary',
  '\n',
  '- ',
  '? ',
  '\u0000',
  '99999999999999999999',
];
const SERIALIZERS = ['json', 'msgpack', 'yaml'] as const;
const LIMITS: PayloadLimits = { accept: acceptedTypes(SERIALIZERS), maxBytes: 1_000_000 };

export interface FuzzReport {
  readonly rounds: number;
  readonly refused: number;
  /** Milliseconds for one message. */
  readonly p99: number;
}

/**
 * Damages real messages in every serializer and reads them. Throws at the first that is neither read nor refused with an
 * `UmbelError`, or that touches a prototype; its text is in the error.
 */
export function fuzzDecoder(random: Random, rounds: number): FuzzReport {
  const sources = collect();
  const times: number[] = [];
  let refused = 0;
  for (let round = 0; round < rounds; round += 1) {
    const source = sources[random.below(sources.length)] ?? '';
    const once = random.below(4) === 0 ? source : mutate(source, random);
    const damaged = random.below(2) === 0 ? once : mutate(once, random);
    const started = performance.now();
    if (!readAll(damaged, random.below(2) === 0)) refused += 1;
    times.push(performance.now() - started);
    if (Reflect.get(Object.prototype, 'polluted') !== undefined) {
      throw new Error(
        `round ${round} of seed ${random.seed} changed Object.prototype: ${JSON.stringify(damaged)}`,
      );
    }
  }
  times.sort((a, b) => a - b);
  return { rounds, refused, p99: times[Math.floor(times.length * 0.99)] ?? 0 };
}

function collect(): string[] {
  const messages = goldenTaskMessages();
  const results = Object.values(golden<Record<string, { value: string }>>('results')).map(
    ({ value }) => value,
  );
  const rewritten = messages.flatMap(([, { body }]) =>
    SERIALIZERS.map((name) => {
      const serializer = serializerNamed(name);
      const { contentType, contentEncoding } = serializer;
      return JSON.stringify({
        body: Buffer.from(serializer.encode(body)).toString('base64'),
        'content-type': contentType,
        'content-encoding': contentEncoding,
        headers: { task: 'a', id: 'b' },
        properties: { delivery_info: {}, body_encoding: 'base64' },
      });
    }),
  );
  return [...messages.map(([, { raw }]) => raw), ...rewritten, ...results];
}

/** Whether it was a task message. */
function readAll(text: string, isBodyDamaged: boolean): boolean {
  const isTask = survives(text, () => {
    const whole = decodeEnvelope(text);
    const message = isBodyDamaged ? damageBody(whole) : whole;
    decodeTaskBody(decodeTaskRequest(message, LIMITS).bodyText);
  });
  survives(text, () => decodeControlRequest(decodeEnvelope(text), LIMITS));
  survives(text, () => decodeEvents(decodeEnvelope(text)));
  survives(text, () => markRedelivered(text));
  survives(text, () => decodeResult(text));
  return isTask;
}

/** Base64 hides the body from the damage done to the text: one byte of it is changed here. */
function damageBody<T extends { readonly body: string | Uint8Array }>(message: T): T {
  const bytes = Buffer.from(message.body);
  if (bytes.length > 0) bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ (bytes.length & 0xff);
  return { ...message, body: typeof message.body === 'string' ? bytes.toString() : new Uint8Array(bytes) };
}

function survives(text: string, read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof UmbelError) return false;
    throw new Error(`${String(error)} of ${JSON.stringify(text)}`, { cause: error });
  }
}

function mutate(text: string, random: Random): string {
  const at = random.below(text.length);
  const length = random.below(20);
  const piece = PIECES[random.below(PIECES.length)] ?? '';
  return text.slice(0, at) + piece + text.slice(at + length);
}
