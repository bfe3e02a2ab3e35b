import { createRequire } from 'node:module';

type Ioredis = typeof import('ioredis');

let library: Ioredis | null = null;

/** ioredis, loaded with the first connection: most processes and threads of a pool never open one. */
export function ioredis(): Ioredis {
  const loaded: Ioredis = library ?? createRequire(import.meta.url)('ioredis');
  library = loaded;
  return loaded;
}
