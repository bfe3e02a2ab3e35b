import { deflateSync } from 'node:zlib';

const base64 = (value: string | Buffer): string => Buffer.from(value).toString('base64');

/** A task message as Python writes it, with parts replaced; undefined removes one. */
function envelope(
  changes: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, unknown>> = {},
  properties: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    body: base64('[[1], {}, {}]'),
    'content-encoding': 'utf-8',
    'content-type': 'application/json',
    headers: {
      lang: 'py',
      task: 'tests.touch',
      id: 'malformed',
      argsrepr: '()',
      kwargsrepr: '{}',
      ...headers,
    },
    properties: {
      delivery_mode: 2,
      delivery_info: { exchange: '', routing_key: 'celery' },
      body_encoding: 'base64',
      delivery_tag: 'tag',
      ...properties,
    },
    ...changes,
  });
}

const deep = (open: string, inside: string, close: string, levels = 100_000): string =>
  open.repeat(levels) + inside + close.repeat(levels);

/** Entries of a queue that no worker can take for a task, each in another way. */
export const MALFORMED: Readonly<Record<string, string>> = {
  'an empty entry': '',
  'a word': 'hello',
  'half an object': '{"body": "',
  'half a list': '[1, 2',
  'JSON null': 'null',
  'a number': '5',
  'a text': '"text"',
  'a list': '[]',
  true: 'true',
  'an empty object': '{}',
  'bytes that are no text': '\u00ff\u00fe\u0000\u0001',
  'a pickle': '\u0080\u0004\u0095\u0005',
  'two objects': '{}{}',
  'deep JSON around nothing': deep('[', '', ']'),
  'deep objects': deep('{"a":', '1', '}'),
  'no properties': envelope({ properties: undefined }),
  'properties that are null': envelope({ properties: null }),
  'properties that are a list': envelope({ properties: [] }),
  'no body': envelope({ body: undefined }),
  'a body that is a number': envelope({ body: 5 }),
  'a body that is an object': envelope({ body: { args: [] } }),
  'a body that is no JSON': envelope({ body: base64('hello') }),
  'a body that is a JSON text': envelope({ body: base64('"hello"') }),
  'a body that is a JSON number': envelope({ body: base64('7') }),
  'a body that is null': envelope({ body: base64('null') }),
  'an empty body': envelope({ body: '' }),
  'a body of zeros': envelope({ body: base64(Buffer.alloc(100)) }),
  'a body nested too deep': envelope({ body: base64(deep('[', '', ']')) }),
  'a body of objects nested too deep': envelope({ body: base64(`[[${deep('{"a":', '1', '}')}], {}, {}]`) }),
  'no content type': envelope({ 'content-type': undefined }),
  'a content type of pickle': envelope({ 'content-type': 'application/x-python-serialize' }),
  'a content type that is not accepted': envelope({ 'content-type': 'application/x-yaml' }),
  'a content type of nothing': envelope({ 'content-type': 'nothing/at-all' }),
  'a compression that is none': envelope({}, { compression: 'application/x-rot13' }),
  'a compression that it is not': envelope({}, { compression: 'application/x-gzip' }),
  bzip2: envelope({}, { compression: 'application/x-bz2' }),
  'a compressed bomb': envelope(
    { body: base64(deflateSync(Buffer.alloc(40 * 1024 * 1024, 0x20))) },
    { compression: 'application/x-gzip' },
  ),
  'no id': envelope({}, { id: undefined }),
  'an id that is null': envelope({}, { id: null }),
  'an id that is a number': envelope({}, { id: 5 }),
  'an empty id': envelope({}, { id: '' }),
  'no task': envelope({}, { task: undefined }),
  'a task that is null': envelope({}, { task: null }),
  'a task that is a list': envelope({}, { task: ['tests.touch'] }),
  'no headers': envelope({ headers: undefined }),
  'headers that are a text': envelope({ headers: 'task' }),
  'an ETA that is no time': envelope({}, { eta: 'tomorrow' }),
  'an expiry that is no time': envelope({}, { expires: '2026-13-45' }),
  'protocol 1 without an id': envelope({ headers: {}, body: base64('{"task": "tests.touch", "args": []}') }),
  'protocol 1 without a task': envelope({ headers: {}, body: base64('{"id": "x", "args": []}') }),
};
