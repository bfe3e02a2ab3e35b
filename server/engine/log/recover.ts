import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { toError, UmbelError } from '../../../lib/contract/errors.ts';
import type { Logger } from '../../../lib/util/logger.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { type ReadResult, readLog } from './log-reader.ts';
import { replayFrame } from './replay.ts';

export const LOG_NAME = 'engine.log';
export const REWRITE_NAME = 'engine.log.rewriting';

/**
 * Loads the log into an empty keyspace and makes the file end with its last whole frame. An unfinished frame at the
 * end is cut off; damaged bytes are put aside first, with everything after them.
 */
export function recover(dataDir: string, keyspace: Keyspace, logger: Logger): void {
  rmSync(join(dataDir, REWRITE_NAME), { force: true });
  const path = join(dataDir, LOG_NAME);
  if (!existsSync(path)) return;
  const result = load(path, keyspace);
  if (result.state === 'foreign') {
    throw new UmbelError(
      'bad_config',
      `${path} is not an engine log, or its beginning is damaged: it was left as it is.\nMove it away, or choose another directory with --data.`,
    );
  }
  if (result.state === 'whole') return;
  const lost = result.size - result.end;
  if (result.state === 'unfinished') {
    logger.warning(
      `Engine log: cut off ${lost} bytes of a record that was not finished when the engine ended`,
    );
  } else {
    const aside = putAside(path, result.end);
    logger.error(
      `Engine log: ${path} is damaged at byte ${result.end}. Everything before is loaded; the remaining ${lost} bytes are kept in ${aside}`,
    );
  }
  truncateSync(path, result.end);
}

/** Replays the log at `path`. */
export function load(path: string, keyspace: Keyspace): ReadResult {
  keyspace.isLoading = true;
  try {
    return readLog(path, (payload) => replayFrame(keyspace, payload));
  } catch (thrown) {
    const error = toError(thrown);
    throw new UmbelError('bad_config', `The engine's log ${path} cannot be read: ${error.message}.`, {
      cause: error,
    });
  } finally {
    keyspace.isLoading = false;
  }
}

function putAside(path: string, from: number): string {
  const aside = `${path}.corrupt-${new Date().toISOString().replace(/[:.]/g, '-')}`;
  const source = openSync(path, 'r');
  const target = openSync(aside, 'wx', 0o600);
  const block = Buffer.allocUnsafeSlow(1024 * 1024);
  let at = from;
  for (;;) {
    const count = readSync(source, block, 0, block.length, at);
    if (count === 0) break;
    writeSync(target, block, 0, count);
    at += count;
  }
  fsyncSync(target);
  closeSync(target);
  closeSync(source);
  syncDirectory(dirname(path));
  return aside;
}

/** Makes a created, renamed or removed name last. Not every system can. */
export function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
