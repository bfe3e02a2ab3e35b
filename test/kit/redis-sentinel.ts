import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { waitUntil } from './wait-until.ts';

/** A master, a replica, and three sentinels that watch them under the name `mymaster`. */
export interface SentinelCluster {
  /** `sentinel://…;sentinel://…/`, with the database at the first. */
  url(db?: number): string;
  /** What `broker_transport_options` and `result_backend_transport_options` need. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  stop(): Promise<void>;
}

const MASTER_PASSWORD = 'm@ster/1';
const SENTINEL_PASSWORD = 'sentinel-1';

/** Starts them with passwords on the servers and on the sentinels; a master counts as down after half a second. */
export async function startSentinels(): Promise<SentinelCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-sentinel-'));
  const login = ['--requirepass', MASTER_PASSWORD, '--masterauth', MASTER_PASSWORD];
  const children: ChildProcess[] = [];
  const servers: RedisServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
    await Promise.all(servers.map((server) => server.kill()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const master = await startRedis({ args: login });
    servers.push(master);
    const replica = await startRedis({ args: [...login, '--replicaof', '127.0.0.1', String(master.port)] });
    servers.push(replica);
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    children.push(...ports.map((port) => launch(folder, port, master.port)));
    for (const port of ports) {
      await waitUntil('a sentinel sees the replica and the others', async () => {
        const state = await ask(port);
        return /num-slaves\r\n\$1\r\n1/.test(state) && /num-other-sentinels\r\n\$1\r\n2/.test(state);
      });
    }
    const login64 = encodeURIComponent(MASTER_PASSWORD);
    return {
      url: (db = 0) =>
        ports
          .map((port, index) => `sentinel://:${login64}@127.0.0.1:${port}${index === 0 ? `/${db}` : ''}`)
          .join(';'),
      options: {
        master_name: 'mymaster',
        min_other_sentinels: 1,
        sentinel_kwargs: { password: SENTINEL_PASSWORD },
      },
      master,
      replica,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function launch(folder: string, port: number, masterPort: number): ChildProcess {
  const file = join(folder, `${port}.conf`);
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `requirepass ${SENTINEL_PASSWORD}`,
    `sentinel monitor mymaster 127.0.0.1 ${masterPort} 2`,
    `sentinel auth-pass mymaster ${MASTER_PASSWORD}`,
    'sentinel down-after-milliseconds mymaster 500',
    'sentinel failover-timeout mymaster 3000',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return spawn('redis-server', [file, '--sentinel'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** What a sentinel says about the master; '' while it cannot be reached. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    let text = '';
    socket.once('error', () => resolve(''));
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (data) => {
      text += data.toString();
      if (text.includes('parallel-syncs')) socket.destroy();
    });
    socket.once('close', () => resolve(text));
    socket.write(`AUTH ${SENTINEL_PASSWORD}\r\nSENTINEL MASTER mymaster\r\n`);
  });
}
