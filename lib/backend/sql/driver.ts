import { UmbelError } from '../../contract/errors.ts';
import { codeOf } from './failures.ts';

/** A driver that is installed only where it is used. Throws `UmbelError('bad_config')` with the command that installs it. */
export async function loadDriver<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UmbelError('bad_config', `This result backend needs the package ${name}: npm install ${name}`, {
      cause: error,
    });
  }
}
