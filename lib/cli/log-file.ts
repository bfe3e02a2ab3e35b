import { openSync } from 'node:fs';
import { dirname } from 'node:path';
import { toError } from '../contract/errors.ts';
import { makeFolder } from '../util/make-folder.ts';
import { CliExit, EXIT } from './exit.ts';

/**
 * Opens a log file for appending, with its folder; exit 73 when that cannot be. Every write goes to the end, so that
 * several processes can share it and a rotation by copy and truncate loses nothing.
 */
export function openLogFile(path: string): number {
  try {
    makeFolder(dirname(path));
    return openSync(path, 'a');
  } catch (error) {
    throw new CliExit(EXIT.cantCreate, `Error: Cannot write the log file ${path}: ${toError(error).message}`);
  }
}
