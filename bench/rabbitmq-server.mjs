// One private RabbitMQ for the whole benchmark, beside a fresh redis-server for the results of each measurement.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, redisServer, sleep } from './measure.mjs';

let node = null;

/** Broker on RabbitMQ, results in Redis. */
export async function rabbitmqServer() {
  node ??= startNode();
  const { url } = await node;
  return { ...(await redisServer()), name: 'RabbitMQ + redis', broker: url };
}

async function startNode() {
  const dir = mkdtempSync(join(tmpdir(), 'umbel-bench-'));
  const [port, distPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(dir, 'rabbitmq.conf'), `listeners.tcp.default = 127.0.0.1:${port}\nlog.file = false\n`);
  writeFileSync(join(dir, 'enabled_plugins'), '[].\n');
  const epmd = spawn('epmd', ['-port', epmdPort, '-address', '127.0.0.1'], { stdio: 'ignore' });
  const child = spawn('/usr/lib/rabbitmq/bin/rabbitmq-server', [], {
    stdio: 'ignore',
    detached: true,
    env: {
      ...process.env,
      HOME: dir,
      RABBITMQ_NODENAME: `bench${port}@localhost`,
      RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq.conf'),
      RABBITMQ_CONF_ENV_FILE: join(dir, 'none'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
      RABBITMQ_MNESIA_BASE: join(dir, 'data'),
      RABBITMQ_LOG_BASE: join(dir, 'log'),
      RABBITMQ_PID_FILE: join(dir, 'pid'),
      RABBITMQ_DIST_PORT: String(distPort),
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
    },
  });
  process.once('exit', () => {
    for (const pid of [-child.pid, epmd.pid]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
    rmSync(dir, { recursive: true, force: true });
  });
  child.unref();
  epmd.unref();
  for (let waited = 0; waited < 600; waited += 1) {
    if (await accepts(port)) return { url: `amqp://guest:guest@127.0.0.1:${port}//` };
    await sleep(100);
  }
  throw new Error('RabbitMQ does not start');
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
