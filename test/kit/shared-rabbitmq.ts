import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRabbitmq } from './rabbitmq-server.ts';

/** Environment variable: the folder of this test run. */
export const RUN_DIR = 'UMBEL_TEST_RUN_DIR';

interface SharedNode {
  readonly port: number;
  readonly managementPort: number;
  readonly pids: readonly [number, number];
  readonly dir: string;
}

/** A vhost of the run's one RabbitMQ, for one test file alone. */
export interface Vhost {
  readonly name: string;
  readonly port: number;
  /** `amqp://guest:guest@127.0.0.1:<port>/<vhost>`. */
  readonly url: string;
  /** Base URL of the management API, with the login. */
  readonly managementUrl: string;
  /** Asks the management API: `request('GET', 'queues/<vhost>')`. Throws when it refuses. */
  request(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Deletes the vhost with everything in it. */
  remove(): Promise<void>;
}

let count = 0;

/** The first caller of a test run starts the node; it ends with the run, also when the run is killed. */
export async function sharedRabbitmq(): Promise<Vhost> {
  const node = await sharedNode();
  count += 1;
  const name = `test-${process.pid}-${count}`;
  const base = `http://127.0.0.1:${node.managementPort}/api`;
  const request = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${base}/${path}`, {
      method,
      headers: { authorization: `Basic ${btoa('guest:guest')}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 || response.status === 201 ? null : response.json();
  };
  await request('PUT', `vhosts/${name}`);
  await request('PUT', `permissions/${name}/guest`, { configure: '.*', write: '.*', read: '.*' });
  return {
    name,
    port: node.port,
    url: `amqp://guest:guest@127.0.0.1:${node.port}/${name}`,
    managementUrl: `http://guest:guest@127.0.0.1:${node.managementPort}/api/`,
    request,
    remove: async () => {
      await request('DELETE', `vhosts/${name}`);
    },
  };
}

/** Ends the node of a run, if one was started. */
export function endSharedRabbitmq(runDir: string): void {
  const file = join(runDir, 'rabbitmq.json');
  if (!existsSync(file)) return;
  const node: SharedNode = JSON.parse(readFileSync(file, 'utf8'));
  for (const pid of [-node.pids[0], node.pids[1]]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
  rmSync(node.dir, { recursive: true, force: true });
}

async function sharedNode(): Promise<SharedNode> {
  const runDir = process.env[RUN_DIR];
  if (runDir === undefined) throw new Error(`${RUN_DIR} is not set: run the tests with vitest.`);
  const file = join(runDir, 'rabbitmq.json');
  const lock = join(runDir, 'rabbitmq.lock');
  for (;;) {
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
    try {
      mkdirSync(lock);
    } catch {
      // Another test file starts it.
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    try {
      if (existsSync(file)) continue;
      const { port, managementPort, pids, dir } = await startRabbitmq();
      guard(pids, dir);
      writeFileSync(file, JSON.stringify({ port, managementPort, pids, dir }));
    } finally {
      rmSync(lock, { recursive: true });
    }
  }
}

/** The run may be killed before it can end the node. */
function guard([node, epmd]: readonly [number, number], dir: string): void {
  const script = `while kill -0 ${process.ppid} 2>/dev/null && kill -0 -${node} 2>/dev/null; do sleep 1; done
kill -9 -${node}; kill -9 ${epmd}; rm -rf '${dir}'`;
  spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' }).unref();
}
