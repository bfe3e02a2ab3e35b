/*
 * Node 20's type declarations are older than TypeScript's split of Uint8Array by its buffer and than its iterator
 * types: without these a Buffer is no Uint8Array to the compiler.
 */
declare global {
  interface Buffer {
    slice(start?: number, end?: number): Uint8Array<ArrayBuffer>;
    entries(): ArrayIterator<[number, number]>;
    keys(): ArrayIterator<number>;
    values(): ArrayIterator<number>;
  }
}

export {};
