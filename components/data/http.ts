import type { ApiFailure } from '../../lib/contract/api.ts';
import { readPageConfig } from './config.ts';

/** A refusal of the server, or no answer at all, in words for a person. */
export class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
  }
}

/** The text to show for anything a call threw. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`${readPageConfig().prefix}${path}`, init);
  } catch (cause) {
    throw new ApiError('unavailable', `The server did not answer (${errorText(cause)}).`);
  }
  const text = await response.text();
  if (!response.ok) throw failureOf(response.status, text);
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError('bad_message', 'The server answered with something that is not JSON.');
  }
}

function failureOf(status: number, text: string): ApiError {
  try {
    const body: Partial<ApiFailure> = JSON.parse(text);
    if (typeof body.error?.message === 'string') return new ApiError(body.error.code, body.error.message);
  } catch {
    // Not our error format, such as the page of a proxy in between: its status has to do.
  }
  return new ApiError('internal', `The server refused with status ${status}. ${text.slice(0, 200)}`.trim());
}

/** GET of a path below the prefix. Throws `ApiError`. */
export function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>(path, signal ? { signal } : {});
}

/** POST of a path below the prefix. The header proves to the server that our own page asks. Throws `ApiError`. */
export function postJson<T>(path: string, body: unknown = {}): Promise<T> {
  return call<T>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-requested-with': 'umbel' },
    body: JSON.stringify(body),
  });
}
