import { expect, test } from 'vitest';
import { isNoMaster, isOutOfMemory, isPassing, ReplyError } from '../../../lib/redis/failures.ts';

const READONLY = "READONLY You can't write against a read only replica.";
const OOM = "OOM command not allowed when used memory > 'maxmemory'.";

/** What Redis 7, Redis 6.2 and Dragonfly make of a refusal inside of a script. */
const inScript = (text: string): string[] => [
  `${text.slice(0, -1)} script: 67ae95efe429989b7fbc010563ed52ec06e01356, on @user_script:7.`,
  `ERR Error running script (call to f_1028a5dba704e1d8a01fd96efeba25bb78f62df2): @user_script:4: @user_script: 4: -${text}`,
  `ERR Error running script (call to d8f2fad9f8e86a53d2a6ebd960b33c4972cacc37): @user_script:2: -${text}`,
];

test.each([READONLY, ...inScript(READONLY)])('%s', (text) => {
  const error = new ReplyError(text);
  expect([isPassing(error), isNoMaster(error), isOutOfMemory(error)]).toEqual([true, true, false]);
});

test.each([OOM, ...inScript(OOM)])('%s', (text) => {
  const error = new ReplyError(text);
  expect([isPassing(error), isNoMaster(error), isOutOfMemory(error)]).toEqual([false, false, true]);
  expect(isOutOfMemory(new Error('wrapped', { cause: error }))).toBe(true);
});

test.each(['WRONGTYPE Operation against a key', `ERR cannot say ${READONLY}`])('%s', (text) => {
  const error = new ReplyError(text);
  expect([isPassing(error), isNoMaster(error), isOutOfMemory(error)]).toEqual([false, false, false]);
  expect(isPassing(new Error(READONLY))).toBe(false);
});
