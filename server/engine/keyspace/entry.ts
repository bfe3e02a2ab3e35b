export type EntryType = 'string' | 'list' | 'hash' | 'set' | 'zset';

/** What one member or element costs beside its bytes: an estimate for `MEMORY USAGE` and the memory limit. */
export const MEMBER_OVERHEAD = 48;

/** A value in the keyspace. `bytes` is kept by the value; the rest belongs to the database that holds it. */
export abstract class Entry {
  abstract readonly type: EntryType;
  /** Name of the representation, as `OBJECT ENCODING` tells it. */
  abstract readonly encoding: string;
  /** Payload and overhead. */
  bytes = 0;
  /** How much of `bytes` the keyspace has counted. */
  counted = 0;
  /** When it expires, in milliseconds since the epoch; 0: never. */
  expiresAt = 0;
  /** The snapshot that holds this value already. */
  snapshot = 0;
}

export class StringEntry extends Entry {
  readonly type = 'string';
  #value: Buffer;

  constructor(value: Buffer) {
    super();
    this.#value = value;
    this.bytes = value.length;
  }

  get value(): Buffer {
    return this.#value;
  }

  set value(value: Buffer) {
    this.#value = value;
    this.bytes = value.length;
  }

  get encoding(): string {
    if (this.#value.length <= 20 && /^(?:0|-?[1-9][0-9]{0,18})$/.test(this.#value.toString('latin1')))
      return 'int';
    return this.#value.length <= 44 ? 'embstr' : 'raw';
  }
}

export class HashEntry extends Entry {
  readonly type = 'hash';
  readonly fields = new Map<string, Buffer>();

  get encoding(): string {
    return this.fields.size <= 128 ? 'listpack' : 'hashtable';
  }

  /** True when the field is new. */
  set(field: string, value: Buffer): boolean {
    const old = this.fields.get(field);
    this.fields.set(field, value);
    if (old === undefined) this.bytes += field.length + value.length + MEMBER_OVERHEAD;
    else this.bytes += value.length - old.length;
    return old === undefined;
  }

  delete(field: string): boolean {
    const old = this.fields.get(field);
    if (old === undefined) return false;
    this.fields.delete(field);
    this.bytes -= field.length + old.length + MEMBER_OVERHEAD;
    return true;
  }
}

export class SetEntry extends Entry {
  readonly type = 'set';
  readonly members = new Set<string>();

  get encoding(): string {
    return 'hashtable';
  }

  add(member: string): boolean {
    if (this.members.has(member)) return false;
    this.members.add(member);
    this.bytes += member.length + MEMBER_OVERHEAD;
    return true;
  }

  delete(member: string): boolean {
    if (!this.members.delete(member)) return false;
    this.bytes -= member.length + MEMBER_OVERHEAD;
    return true;
  }
}
