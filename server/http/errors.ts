import { type ErrorCode, UmbelError } from '../../lib/contract/errors.ts';
import { maskText } from '../../lib/util/mask.ts';

const STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  bad_config: 400,
  bad_message: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unavailable: 503,
  timeout: 504,
  unsupported: 501,
  internal: 500,
};

export interface Refusal {
  readonly status: number;
  readonly body: { readonly error: { readonly code: string; readonly message: string } };
}

/** What the caller is told of a failure. What was not raised on purpose is not told: it is for the log. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof UmbelError) {
    const { code, message } = thrown;
    return { status: STATUS[code], body: { error: { code, message: maskText(message) } } };
  }
  return {
    status: 500,
    body: { error: { code: 'internal', message: 'The server failed. Its log says why.' } },
  };
}
