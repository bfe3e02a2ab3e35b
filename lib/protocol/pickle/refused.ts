import type { UmbelError } from '../../contract/errors.ts';
import { unusable } from '../plain.ts';

/** A pickle that is broken, too large, or holds more than data. */
export function refused(reason: string): UmbelError {
  return unusable('pickle', reason);
}
