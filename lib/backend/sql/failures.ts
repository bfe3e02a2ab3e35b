/** The code of a driver's error, such as `57P01`, `ECONNREFUSED` or `ER_LOCK_DEADLOCK`; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
