/** Where a key-value backend keeps its records. */
export interface KeyValueStore {
  /** Throws `UmbelError('bad_config')` when it cannot be used. */
  open(): Promise<void>;
  read(key: string): Promise<Uint8Array | null>;
  /** Readers see the old value or the new one, never a part. */
  write(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  /** Deletes what was written before this time, in milliseconds since the epoch. */
  deleteBefore(timeMs: number): Promise<void>;
}
