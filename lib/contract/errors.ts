/**
 * Every error Umbel raises on purpose. `code` is stable and maps to an HTTP status in one table of the server;
 * `message` is one or two lines that say what is wrong and what to do.
 */
export type ErrorCode =
  | 'bad_request'
  | 'bad_config'
  | 'bad_message'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'too_large'
  | 'unavailable'
  | 'timeout'
  | 'unsupported'
  | 'internal';

export class UmbelError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UmbelError';
    this.code = code;
  }
}

/** Anything thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
