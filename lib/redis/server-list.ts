import type { RedisAddress } from './url.ts';

/** Servers of which one is used at a time, in turn (kombu/connection.py `maybe_switch_next`). */
export class ServerList {
  readonly #addresses: readonly RedisAddress[];
  #index = 0;

  constructor(first: RedisAddress, others: readonly RedisAddress[]) {
    this.#addresses = [first, ...others];
  }

  get size(): number {
    return this.#addresses.length;
  }

  /** The server that is used, or tried next. */
  get current(): RedisAddress {
    const address = this.#addresses[this.#index];
    if (!address) throw new TypeError('unreachable: the index stays within the list');
    return address;
  }

  moveOn(): void {
    this.#index = (this.#index + 1) % this.#addresses.length;
  }
}
