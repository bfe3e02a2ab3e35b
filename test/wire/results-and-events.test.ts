import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope } from '../../lib/protocol/envelope.ts';
import { type CeleryEvent, decodeEvents, encodeEvent, routingKeyOf } from '../../lib/protocol/event.ts';
import { decodeException, encodeException, exceptionRepr } from '../../lib/protocol/exception.ts';
import { composeResult, decodeResult, encodeResult } from '../../lib/protocol/result.ts';
import { type GoldenMessage, golden } from './golden.ts';

const results = Object.entries(golden<Record<string, { value: string }>>('results')).filter(
  ([name]) => name !== 'group saved',
);

describe('recorded results', () => {
  it.each(results)('%s decodes and encodes to the same', (_name, { value }) => {
    const meta = decodeResult(value);
    const expected = JSON.parse(value);
    expect(meta).toMatchObject({
      taskId: expected.task_id,
      status: expected.status,
      result: expected.result,
    });
    const { name, args, kwargs, worker, retries, queue, groupId, parentId, ...rest } = meta;
    const again = encodeResult({
      ...rest,
      ...(groupId ? { groupId } : {}),
      ...(parentId ? { parentId } : {}),
      ...(name ? { name, args, kwargs, worker, retries, queue } : {}),
    } as never);
    expect(JSON.parse(again)).toEqual(expected);
    expect(Object.keys(JSON.parse(again))).toEqual(Object.keys(expected));
  });

  it.each(results.filter(([, { value }]) => JSON.parse(value).result?.exc_type !== undefined))(
    'the exception of %s survives',
    (_name, { value }) => {
      const { result } = decodeResult(value);
      const error = decodeException(result);
      expect(encodeException(error)).toEqual(result);
      expect(error.name).toBe((result as { exc_type: string }).exc_type);
    },
  );

  it('composes around a text without parsing it', () => {
    const text = composeResult({
      taskId: 'x',
      status: 'SUCCESS',
      resultText: '{"big": 12345678901234567890}',
    });
    expect(text).toMatch(
      /^\{"status": "SUCCESS", "result": \{"big": 12345678901234567890\}, "traceback": null, /,
    );
    expect(text).toMatch(/"date_done": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", "task_id": "x"\}$/);
    expect(decodeResult(text).result).toEqual({ big: 12345678901234567890n });
    expect(composeResult({ taskId: 'x', status: 'STARTED', resultText: null })).toContain(
      '"date_done": null',
    );
  });
});

describe('recorded events', () => {
  type Recorded = Omit<GoldenMessage, 'raw'> & { raw: string | null; body: CeleryEvent | CeleryEvent[] };
  const messages = golden<Recorded[]>('events');

  it('encode to the same, and decode again', () => {
    expect(messages.length).toBeGreaterThan(100);
    for (const { body, channel, headers } of messages) {
      const key = Array.isArray(body) ? 'task.multi' : routingKeyOf(body.type);
      expect(channel).toBe(`/0.celeryev/${key}`);
      const message = encodeEvent(body);
      expect(message.headers).toEqual(headers);
      const text = encodeEnvelope(message, { exchange: 'celeryev', routingKey: key }, 'tag');
      expect(decodeEvents(decodeEnvelope(text))).toEqual(Array.isArray(body) ? body : [body]);
    }
  });

  it('have the envelope that Celery writes', () => {
    for (const { raw, body, channel } of messages) {
      if (raw === null) continue;
      const events = decodeEvents(decodeEnvelope(raw));
      expect(events.map(({ type }) => type)).toEqual([body].flat().map(({ type }) => type));
      const routingKey = String(channel).slice('/0.celeryev/'.length);
      const text = encodeEnvelope(encodeEvent(body), { exchange: 'celeryev', routingKey }, 'tag');
      const [envelope, recorded] = [JSON.parse(text), JSON.parse(raw)];
      expect(envelope.properties).toEqual({ ...recorded.properties, delivery_tag: 'tag' });
    }
  });

  it('leave out what is no event, and keep the rest of the batch', () => {
    const good = { type: 'task-started', timestamp: 1, hostname: 'h', uuid: 'u' };
    const message = {
      ...encodeEvent([]),
      body: JSON.stringify([good, 7, null, { type: 'x' }, { ...good, timestamp: 'y' }]),
    };
    expect(decodeEvents(message)).toEqual([{ ...good, utcoffset: 0, pid: 0, clock: null }]);
    expect(decodeEvents({ ...message, body: 'no JSON' })).toEqual([]);
  });
});

describe('exceptions', () => {
  it('of JavaScript carry names that Python can raise', () => {
    class QuotaError extends Error {}
    expect(encodeException(new TypeError('no'))).toEqual({
      exc_type: 'TypeError',
      exc_message: ['no'],
      exc_module: 'builtins',
    });
    expect(encodeException(new RangeError('far'))).toMatchObject({ exc_type: 'ValueError' });
    expect(encodeException(new Error('x'))).toMatchObject({ exc_type: 'Exception', exc_module: 'builtins' });
    expect(encodeException(new QuotaError('full'), 'tasks')).toEqual({
      exc_type: 'QuotaError',
      exc_message: ['full'],
      exc_module: 'tasks',
    });
    expect(encodeException('just text')).toMatchObject({ exc_type: 'Exception', exc_message: ['just text'] });
    expect(exceptionRepr(new RangeError("it's"))).toBe('ValueError("it\'s")');
  });

  it('never construct what they name', () => {
    const error = decodeException({
      exc_type: 'constructor',
      exc_message: ['x'],
      exc_module: 'celery.exceptions',
    });
    expect(error.name).toBe('constructor');
    expect(error.message).toBe('x');
  });
});
