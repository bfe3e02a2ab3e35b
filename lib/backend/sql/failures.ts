import { toError } from '../../contract/errors.ts';

/** The code of a driver's error, such as `57P01`, `ECONNREFUSED` or `ER_LOCK_DEADLOCK`; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The way to the server is interrupted, or its name cannot be resolved now. */
export function isNetworkFailure(error: unknown): boolean {
  return /^(ECONN\w+|EPIPE|ETIMEDOUT|E(HOST|NET)UNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN)$/.test(codeOf(error));
}

/** One line for the end of a sentence. */
export function reasonOf(error: unknown): string {
  const { message, name } = toError(error);
  // Node tried several addresses of one name: each failed, and the whole says nothing.
  const all =
    error instanceof AggregateError ? error.errors.map((one) => toError(one).message).join('; ') : '';
  return (message || all || codeOf(error) || name).replaceAll(/\s+/g, ' ').replace(/\.$/, '');
}
