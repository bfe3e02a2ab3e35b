import { createHash } from 'node:crypto';
import type { Client } from '../client.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { PubSub } from '../pubsub.ts';
import type { Reply } from '../resp/reply.ts';

/** One EVAL or EVALSHA. */
export interface ScriptCall {
  readonly client: Client;
  readonly database: Database;
  readonly keyspace: Keyspace;
  readonly pubsub: PubSub;
  readonly reply: Reply;
  readonly keys: readonly string[];
  /** latin1 text, one character for each byte. */
  readonly args: readonly string[];
}

/** A Lua script's native twin: reads, changes and replies (exactly once) as the Lua would. */
export interface NativeScript {
  readonly lua: string;
  /** Refused when memory is full. */
  readonly isGrowing?: boolean;
  readonly run: (call: ScriptCall) => void;
}

/**
 * The scripts this engine knows, and which of them clients have loaded. A script is recognised by its text, with
 * indentation and empty lines left aside: clients differ in those between releases.
 */
export class ScriptTable {
  readonly #known: ReadonlyMap<string, NativeScript>;
  readonly #loaded = new Map<string, NativeScript>();

  constructor(scripts: readonly NativeScript[]) {
    this.#known = new Map(scripts.map((script) => [normalize(script.lua), script]));
  }

  /** The script under this digest, if it was loaded. */
  loaded(sha: string): NativeScript | undefined {
    return this.#loaded.get(sha) ?? this.#loaded.get(sha.toLowerCase());
  }

  /** Loads a script; its digest, or undefined when there is no twin of it. `lua` is latin1 text. */
  load(lua: string): string | undefined {
    const script = this.#known.get(normalize(lua));
    if (script === undefined) return undefined;
    const sha = createHash('sha1').update(lua, 'latin1').digest('hex');
    this.#loaded.set(sha, script);
    return sha;
  }

  flush(): void {
    this.#loaded.clear();
  }
}

function normalize(lua: string): string {
  return lua
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}
