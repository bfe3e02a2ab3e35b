/**
 * Whether an `@` stands behind the first slash, question mark or hash of a URL: then one of these may belong to the
 * password, and neither where to connect nor what may be shown in an error can be told.
 */
export function isLoginUnclear(url: string): boolean {
  return /^[^:]*:\/\/[^/?#]*[/?#].*@/s.test(url);
}

/** How its parts are to be written. */
export const LOGIN_ENCODING =
  'In a name, password or vhost write @ as %40, / as %2F, ? as %3F, # as %23, ; as %3B and % as %25';

/** What to do about it. */
export const LOGIN_HINT = `it is not clear where its login ends. ${LOGIN_ENCODING}`;
