import { EMBEDDED_BROKER } from '../app/config.ts';
import { toError } from '../contract/errors.ts';

/** A line for who finds nobody at the embedded engine's port, and may not know that it has to be started; else nothing. */
export function engineHint(thrown: unknown): string {
  const isAway = toError(thrown).message.includes(`ECONNREFUSED ${new URL(EMBEDDED_BROKER).host}`);
  if (!isAway) return '';
  return '\nThat is where the embedded engine listens: start it with `umbel`, or name another broker.';
}
