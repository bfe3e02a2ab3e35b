import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { freePort } from './free-port.ts';

export interface RedisServer {
  readonly port: number;
  /** `redis://127.0.0.1:<port>/<db>`, database 0 by default. */
  url(db?: number): string;
  readonly pid: number;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts the same server again on the same port after `stop` or `kill`. */
  restart(): Promise<void>;
}

export interface RedisServerOptions {
  readonly port?: number;
  /** More lines of its command line, such as `['--appendonly', 'yes', '--dir', dir]`. */
  readonly args?: readonly string[];
}

/** Starts a private redis-server on a free port, without persistence unless asked for. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  let child = await launch(port, options.args ?? []);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await exited;
  };
  return {
    port,
    url: (db = 0) => `redis://127.0.0.1:${port}/${db}`,
    get pid() {
      return child.pid ?? 0;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      child = await launch(port, options.args ?? []);
    },
  };
}

async function launch(port: number, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...args],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  let failure: Error | null = null;
  child.once('error', (error) => {
    failure = new Error(
      `redis-server does not start (${error.message}). Run scripts/install-test-services.sh.`,
    );
  });
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (failure) throw failure;
    if (child.exitCode !== null) throw new Error(`redis-server ended at once with ${child.exitCode}`);
    if (await answers(port)) return child;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill('SIGKILL');
  throw new Error(`redis-server on port ${port} does not answer`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const end = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('error', () => end(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => end(/^(\+PONG|-NOAUTH)/.test(data.toString())));
  });
}
