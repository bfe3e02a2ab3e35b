import type { IncomingMessage } from 'node:http';
import { UmbelError } from '../../lib/contract/errors.ts';
import { decodeJson } from '../../lib/protocol/json.ts';

const MAX_BYTES = 1_000_000;

/** The body as JSON, form fields as an object; an empty one is `{}`. At most 1 MB. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const text = await readText(request);
  if (text.trim() === '') return {};
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded') && !/^\s*[{[]/.test(text)) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    return decodeJson(text);
  } catch {
    throw new UmbelError('bad_request', 'The body is no JSON.');
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > MAX_BYTES) throw new UmbelError('too_large', 'The body of a request may have 1 MB at most.');
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof UmbelError) throw error;
    // Who asked has gone: nothing of ours has failed.
    throw new UmbelError('bad_request', 'The body of the request broke off.', { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}
