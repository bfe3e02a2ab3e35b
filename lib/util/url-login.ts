/**
 * Whether an `@` stands behind the first slash, question mark or hash of a URL: then one of these may belong to the
 * password, and neither where to connect nor what may be shown in an error can be told.
 */
export function isLoginUnclear(url: string): boolean {
  return /^[^:]*:\/\/[^/?#]*[/?#].*@/s.test(url);
}

/** What to do about it. */
export const LOGIN_HINT =
  'it is not clear where its login ends. Write %40 for @ in all its parts, and in user and password %2F for /, %3F for ? ' +
  'and %23 for #';
