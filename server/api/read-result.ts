import { toError, UmbelError } from '../../lib/contract/errors.ts';

/** Whatever is wrong with the result store, the caller is told that it is not to be had. */
export async function readResult<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    throw new UmbelError('unavailable', `The result store cannot be read: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}
