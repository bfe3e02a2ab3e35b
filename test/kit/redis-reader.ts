import { Redis } from 'ioredis';

/** Looks into the lists of a redis-server. */
export class RedisReader {
  readonly #redis: Redis;

  constructor(port: number) {
    this.#redis = new Redis(port);
  }

  /** The oldest entry of a list, taken out. Throws when there is none within 5 s. */
  async pop(list: string): Promise<string> {
    const found = await this.#redis.brpop(list, 5);
    if (!found) throw new Error(`the list ${list} stayed empty`);
    return found[1];
  }

  close(): void {
    this.#redis.disconnect();
  }
}
