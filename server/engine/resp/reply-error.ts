/** An error reply. The message is sent as it stands, so it begins with its code (`ERR`, `WRONGTYPE`, …). */
export class ReplyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ReplyError';
  }
}

export const SYNTAX = 'ERR syntax error';
export const NOT_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_FLOAT = 'ERR value is not a valid float';
export const NO_AUTH = 'NOAUTH Authentication required.';
export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";

export function syntaxError(): ReplyError {
  return new ReplyError(SYNTAX);
}

export function notInteger(): ReplyError {
  return new ReplyError(NOT_INTEGER);
}

export function notFloat(): ReplyError {
  return new ReplyError(NOT_FLOAT);
}

export function wrongType(): ReplyError {
  return new ReplyError(WRONG_TYPE);
}

export function wrongArity(name: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${name}' command`);
}
