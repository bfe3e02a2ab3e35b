import { toError } from '../contract/errors.ts';

/** The connection went away before the answer came: whether the server did it is not known. */
export class ConnectionLost extends Error {
  constructor(reason: string, options?: { cause?: unknown }) {
    super(reason, options);
    this.name = 'ConnectionLost';
  }
}

/** What the server answered with, such as `WRONGTYPE …`. */
export class ReplyError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'ReplyError';
  }
}

/** Who is at the other end does not speak as Redis does. */
export class ProtocolError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ProtocolError';
  }
}

export function isReply(thrown: unknown): boolean {
  return thrown instanceof ReplyError;
}

/** Redis 6 wraps what a script was refused: `ERR Error running script (…): @user_script:4: @user_script: 4: -READONLY …`. */
const OF_SCRIPT = /^ERR Error running script .*@user_script: ?\d+: -/s;

/** Begins with the code of the refusal. */
function refusalOf(thrown: unknown): string {
  return messageOf(thrown).replace(OF_SCRIPT, '');
}

/** The server cannot work now but will: it loads its data, or has become a replica and another one is the master. */
export function isPassing(thrown: unknown): boolean {
  return isReply(thrown) && /^(LOADING|READONLY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN)\b/.test(refusalOf(thrown));
}

/** The server takes no changes: it is not the master, or not any more. */
export function isNoMaster(thrown: unknown): boolean {
  return isReply(thrown) && /^(READONLY|MASTERDOWN)\b/.test(refusalOf(thrown));
}

/** The server refuses what would need more memory (`maxmemory` without eviction); also when wrapped as a cause. */
export function isOutOfMemory(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return isReply(thrown) ? refusalOf(thrown).startsWith('OOM') : isOutOfMemory(thrown.cause);
}

export function isMissingScript(thrown: unknown): boolean {
  return isReply(thrown) && messageOf(thrown).startsWith('NOSCRIPT');
}

/** One line for a person. */
export function messageOf(thrown: unknown): string {
  const error = toError(thrown);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // It becomes part of a sentence.
  return (error.message || code || error.name).replace(/\.$/, '');
}
