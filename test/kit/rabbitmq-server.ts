import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Certificates } from './certificates.ts';
import { freePort } from './free-port.ts';

export interface RabbitmqServer {
  /** AMQP. */
  readonly port: number;
  /** AMQP over TLS; null without certificates. */
  readonly tlsPort: number | null;
  /** Of the management API. */
  readonly managementPort: number;
  /** The same over TLS; null without certificates. */
  readonly managementTlsPort: number | null;
  /** The node's process group and the port mapper. */
  readonly pids: readonly [node: number, epmd: number];
  /** Its data. */
  readonly dir: string;
  /** `amqp://guest:guest@127.0.0.1:<port>/<vhost>`, the vhost `/` by default. */
  url(vhost?: string): string;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same ports and with its data, after `stop` or `kill`. */
  restart(): Promise<void>;
  /** Runs `rabbitmqctl`, which takes a few seconds. Throws what it says when it fails. */
  ctl(...args: readonly string[]): Promise<void>;
  /** Ends it and deletes its data. */
  remove(): Promise<void>;
}

/** The folder of its programs; `UMBEL_TEST_RABBITMQ` names that of another version than Debian's. */
const PROGRAMS = process.env['UMBEL_TEST_RABBITMQ'] ?? '/usr/lib/rabbitmq/bin';
const START_LIMIT_MS = 90_000;

/** Where a server runs. */
export interface Place {
  readonly address: string;
  /** The command line that runs a program there. */
  command(program: string, args: readonly string[]): [program: string, args: string[]];
  /** Whether something listens there. */
  answers(port: number): Promise<boolean>;
}

const HERE: Place = {
  address: '127.0.0.1',
  command: (program, args) => [program, [...args]],
  answers,
};

export interface RabbitmqOptions {
  readonly tls?: Certificates;
  /** Default: here, on 127.0.0.1. */
  readonly place?: Place;
}

/**
 * Starts a private RabbitMQ: its own ports, name, cookie, data and port mapper, so that Debian's own node, running or
 * not, does not matter. It takes about ten seconds: tests share one where they can (`sharedRabbitmq`).
 */
export async function startRabbitmq({ tls, place = HERE }: RabbitmqOptions = {}): Promise<RabbitmqServer> {
  const dir = mkdtempSync(join(tmpdir(), 'umbel-rabbitmq-'));
  const [port, managementPort, distPort, epmdPort] = await freePorts(4);
  const [tlsPort, managementTlsPort] = tls ? [await freePort(), await freePort()] : [null, null];
  const lines = tls
    ? [
        `listeners.ssl.default = 127.0.0.1:${tlsPort}`,
        `management.ssl.port = ${managementTlsPort}`,
        'management.ssl.ip = 127.0.0.1',
        ...tlsLines(tls, 'ssl_options'),
        ...tlsLines(tls, 'management.ssl'),
      ]
    : [];
  const env = settings(dir, place.address, { port, managementPort, distPort, epmdPort }, lines);
  const epmd = spawn(...place.command('epmd', ['-port', String(epmdPort), '-address', '127.0.0.1']), {
    stdio: 'ignore',
  });
  let node = await launch(env, dir, place, [port, managementPort]);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    signalGroup(node, 'SIGCONT');
    signalGroup(node, signal);
    while (signalGroup(node, 0)) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  return {
    port,
    tlsPort,
    managementPort,
    managementTlsPort,
    dir,
    get pids() {
      return [node.pid ?? 0, epmd.pid ?? 0] as const;
    },
    url: (vhost = '/') => `amqp://guest:guest@${place.address}:${port}/${encodeURIComponent(vhost)}`,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      node = await launch(env, dir, place, [port, managementPort]);
    },
    ctl: async (...args) => {
      const options = { env: { ...process.env, ...env } };
      await promisify(execFile)(...place.command(join(PROGRAMS, 'rabbitmqctl'), ['-q', ...args]), options);
    },
    remove: async () => {
      await end('SIGKILL');
      epmd.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function freePorts(count: 4): Promise<[number, number, number, number]> {
  const [a = 0, b = 0, c = 0, d = 0] = await Promise.all(Array.from({ length: count }, () => freePort()));
  return [a, b, c, d];
}

interface Ports {
  readonly port: number;
  readonly managementPort: number;
  readonly distPort: number;
  readonly epmdPort: number;
}

/** The server's own certificate; clients need none. */
function tlsLines({ ca, cert, key }: Certificates, prefix: string): string[] {
  return [`${prefix}.cacertfile = ${ca}`, `${prefix}.certfile = ${cert}`, `${prefix}.keyfile = ${key}`];
}

function settings(
  dir: string,
  address: string,
  { port, managementPort, distPort, epmdPort }: Ports,
  more: readonly string[],
): Record<string, string> {
  const config = [
    `listeners.tcp.default = ${address}:${port}`,
    `management.tcp.ip = ${address}`,
    `management.tcp.port = ${managementPort}`,
    'collect_statistics_interval = 1000',
    'vm_memory_high_watermark.absolute = 1GB',
    'disk_free_limit.absolute = 1MB',
    'log.console = true',
    'log.console.level = error',
    'log.file = false',
    ...more,
  ];
  writeFileSync(join(dir, 'rabbitmq.conf'), `${config.join('\n')}\n`);
  writeFileSync(join(dir, 'enabled_plugins'), '[rabbitmq_management].\n');
  return {
    HOME: dir,
    RABBITMQ_NODENAME: `umbel${port}@localhost`,
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(dir, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(dir, 'data'),
    RABBITMQ_LOG_BASE: join(dir, 'log'),
    RABBITMQ_PID_FILE: join(dir, 'pid'),
    RABBITMQ_DIST_PORT: String(distPort),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // Two schedulers that do not spin: the node is a guest on a small machine.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none',
  };
}

async function launch(
  env: Record<string, string>,
  dir: string,
  place: Place,
  ports: readonly number[],
): Promise<ChildProcess> {
  const log = openSync(join(dir, 'output.log'), 'a');
  const child = spawn(...place.command(join(PROGRAMS, 'rabbitmq-server'), []), {
    stdio: ['ignore', log, log],
    cwd: dir,
    env: { ...process.env, ...env },
    // A process group of its own: the start script is not the server.
    detached: true,
  });
  closeSync(log);
  let failure = '';
  child.once('error', (error) => {
    failure = `${error.message}. Run scripts/install-test-services.sh.`;
  });
  const deadline = Date.now() + START_LIMIT_MS;
  const isUp = async (): Promise<boolean> => (await Promise.all(ports.map(place.answers))).every(Boolean);
  while (!(await isUp())) {
    if (child.exitCode !== null || child.pid === undefined || Date.now() > deadline) {
      signalGroup(child, 'SIGKILL');
      const output = readFileSync(join(dir, 'output.log'), 'utf8').slice(-5000);
      throw new Error(`RabbitMQ does not start: ${failure}\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return child;
}

/** Whether the group of a process still had somebody to signal. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    return false;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const end = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('error', () => end(false));
    socket.once('connect', () => end(true));
  });
}
