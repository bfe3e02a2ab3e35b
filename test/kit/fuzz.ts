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
  /** Milliseconds of processor time for one message, of each decoder: other programs do not count. */
  readonly p99: Readonly<Record<Decoder, number>>;
}

type Decoder = 'task' | 'control' | 'events' | 'redelivered' | 'result';

/** Processor time of each decoder for each message, in milliseconds. */
type Times = Record<Decoder, number[]>;

/**
 * Damages real messages in every serializer and reads them. Throws at the first that is neither read nor refused with an
 * `UmbelError`, or that touches a prototype; its text is in the error.
 */
export function fuzzDecoder(random: Random, rounds: number): FuzzReport {
  const sources = collect();
  const times: Times = { task: [], control: [], events: [], redelivered: [], result: [] };
  let refused = 0;
  for (let round = 0; round < rounds; round += 1) {
    const source = sources[random.below(sources.length)] ?? '';
    const once = random.below(4) === 0 ? source : mutate(source, random);
    const damaged = random.below(2) === 0 ? once : mutate(once, random);
    if (!readAll(damaged, random.below(2) === 0, times)) refused += 1;
    if (Reflect.get(Object.prototype, 'polluted') !== undefined) {
      throw new Error(
        `round ${round} of seed ${random.seed} changed Object.prototype: ${JSON.stringify(damaged)}`,
      );
    }
  }
  const p99 = {
    task: p99Of(times.task),
    control: p99Of(times.control),
    events: p99Of(times.events),
    redelivered: p99Of(times.redelivered),
    result: p99Of(times.result),
  };
  return { rounds, refused, p99 };
}

function p99Of(times: number[]): number {
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? 0;
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
function readAll(text: string, isBodyDamaged: boolean, times: Times): boolean {
  const isTask = survives(text, times.task, () => {
    const whole = decodeEnvelope(text);
    const message = isBodyDamaged ? damageBody(whole) : whole;
    decodeTaskBody(decodeTaskRequest(message, LIMITS).bodyText);
  });
  survives(text, times.control, () => decodeControlRequest(decodeEnvelope(text), LIMITS));
  survives(text, times.events, () => decodeEvents(decodeEnvelope(text)));
  survives(text, times.redelivered, () => markRedelivered(text));
  survives(text, times.result, () => decodeResult(text));
  return isTask;
}

/** Base64 hides the body from the damage done to the text: one byte of it is changed here. */
function damageBody<T extends { readonly body: string | Uint8Array }>(message: T): T {
  const bytes = Buffer.from(message.body);
  if (bytes.length > 0) bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ (bytes.length & 0xff);
  return { ...message, body: typeof message.body === 'string' ? bytes.toString() : new Uint8Array(bytes) };
}

function survives(text: string, times: number[], read: () => unknown): boolean {
  const before = process.cpuUsage();
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof UmbelError) return false;
    throw new Error(`${String(error)} of ${JSON.stringify(text)}`, { cause: error });
  } finally {
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
}

function mutate(text: string, random: Random): string {
  const at = random.below(text.length);
  const length = random.below(20);
  const piece = PIECES[random.below(PIECES.length)] ?? '';
  return text.slice(0, at) + piece + text.slice(at + length);
}
