import { UmbelError } from '../contract/errors.ts';

/** As names, and as the numbers of Python's `ssl`. */
const REQUIREMENTS: Readonly<Record<string, boolean>> = {
  none: false,
  optional: true,
  required: true,
  0: false,
  1: true,
  2: true,
};

/**
 * Whether the server's certificate is checked: `none`, `optional` or `required`, also as `CERT_NONE` or `ssl.CERT_NONE`.
 * A client takes `optional` for `required`, as in Python. `name` is the parameter, for the error.
 * Throws `UmbelError('bad_config')`.
 */
export function isCertificateChecked(value: unknown, name: string): boolean {
  const requirement = String(value)
    .replace(/^(ssl\.)?CERT_/i, '')
    .toLowerCase();
  const isChecked = REQUIREMENTS[requirement];
  if (isChecked !== undefined) return isChecked;
  throw new UmbelError(
    'bad_config',
    `${name} must be none, optional or required, not ${JSON.stringify(value)}.`,
  );
}
