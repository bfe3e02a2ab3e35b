import { Engine } from '../../server/engine/engine.ts';
import { startRedis } from './redis-server.ts';

/** A server of the Redis protocol that a test has for itself. */
export interface TestServer {
  readonly port: number;
  url(db?: number): string;
  stop(): Promise<void>;
}

export interface TestServerFactory {
  readonly name: string;
  readonly start: () => Promise<TestServer>;
}

/** Everything that our Redis transport and backend must run on: each of their tests runs on both. */
export const SERVERS: readonly TestServerFactory[] = [
  { name: 'redis-server', start: () => startRedis() },
  { name: 'embedded engine', start: startEngine },
];

/** The embedded engine in this process, in memory only, on a free port. */
export async function startEngine(): Promise<TestServer> {
  const engine = new Engine({ port: 0, dataDir: null });
  await engine.start();
  const { port } = engine;
  return {
    port,
    url: (db = 0) => `redis://127.0.0.1:${port}/${db}`,
    stop: () => engine.stop(),
  };
}
