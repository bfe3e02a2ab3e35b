import { createHash } from 'node:crypto';

/** A Lua script and the SHA-1 under which servers keep it. The embedded engine runs known digests natively. */
export interface Script {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
}

export function defineScript(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}
