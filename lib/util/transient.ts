/*
 * When V8 rehashes a Map or Set, the table that it leaves behind points to the new one and still holds what it held.
 * Once one such table has reached the old generation, it keeps all that follow alive, with their contents, until the
 * next full collection. Where entries come and go for every task, half of all allocations survived that way. A fresh
 * Map from time to time ends the chain.
 */

/** Additions after which the table is made anew; at least four times what it holds, so that copying costs little. */
const RENEW_AFTER = 512;

/** A Map for entries that stay for a moment: the garbage collector forgets them as soon as it should. */
export class TransientMap<K, V> {
  #map = new Map<K, V>();
  #added = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  set(key: K, value: V): void {
    this.#added += 1;
    if (this.#added > RENEW_AFTER && this.#added > this.#map.size * 4) {
      this.#map = new Map(this.#map);
      this.#added = 0;
    }
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  keys(): IterableIterator<K> {
    return this.#map.keys();
  }

  values(): IterableIterator<V> {
    return this.#map.values();
  }
}

/** A Set of the same kind. */
export class TransientSet<T> {
  readonly #map = new TransientMap<T, true>();

  get size(): number {
    return this.#map.size;
  }

  has(item: T): boolean {
    return this.#map.has(item);
  }

  add(item: T): void {
    this.#map.set(item, true);
  }

  delete(item: T): boolean {
    return this.#map.delete(item);
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#map.keys();
  }
}
