import { EXCEPTION_STATES } from '../contract/states.ts';
import { decodeException } from '../protocol/exception.ts';
import type { ResultMeta } from '../protocol/result.ts';

/** What a stored record stands for: an error in the states that hold one. */
export function storedValue(meta: ResultMeta): unknown {
  return EXCEPTION_STATES.has(meta.status) ? decodeException(meta.result, meta.traceback) : meta.result;
}
