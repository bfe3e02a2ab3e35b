import { execFileSync } from 'node:child_process';
import { ROOT, TestProcess } from './process.ts';
import type { Place } from './rabbitmq-server.ts';

/** A host of its own: a network namespace with one address, and a host name. */
export interface Host extends Place {
  readonly name: string;
  /** Starts a program on it; ended with the network. */
  start(program: string, args: readonly string[], env?: Record<string, string>): TestProcess;
  /** `umbel …` on it. */
  umbel(args: readonly string[], env?: Record<string, string>): TestProcess;
  /** Runs `umbel …` on it to its end and answers with its output. */
  ask(args: readonly string[], env?: Record<string, string>): Promise<string>;
  /** Pulls the network plug: nothing is refused, packets just vanish. */
  unplug(): void;
  plugIn(): void;
}

/** Hosts that reach each other over one switch, for what crosses machines. Needs root and iproute2. */
export interface Network {
  readonly hosts: readonly Host[];
  stop(): Promise<void>;
}

const ip = (...args: string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Makes a switch in a namespace of its own and one host for each name. */
export async function startNetwork(names: readonly string[]): Promise<Network> {
  const id = `um${process.pid % 10_000}`;
  const processes: TestProcess[] = [];
  const spaces: string[] = [];
  const addSpace = (space: string): void => {
    ip('netns', 'add', space);
    spaces.push(space);
    ip('-n', space, 'link', 'set', 'lo', 'up');
  };
  const hub = `${id}-hub`;
  addSpace(hub);
  ip('-n', hub, 'link', 'add', 'switch', 'type', 'bridge');
  ip('-n', hub, 'link', 'set', 'switch', 'up');
  const hosts = names.map((name, index): Host => {
    const space = `${id}-${name}`;
    const address = `10.77.0.${index + 1}`;
    const port = `port${index}`;
    addSpace(space);
    ip('-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    ip('-n', hub, 'link', 'set', port, 'master', 'switch', 'up');
    ip('-n', space, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', space, 'link', 'set', 'eth0', 'up');
    const command = (program: string, args: readonly string[]): [string, string[]] => {
      // A host name of its own too; `exec` leaves one process, so that signals reach the program itself.
      const inside = ['unshare', '--uts', 'sh', '-c', `hostname ${name}; exec "$@"`, 'sh', program, ...args];
      return ['ip', ['netns', 'exec', space, ...inside]];
    };
    const start = (program: string, args: readonly string[], env: Record<string, string> = {}) => {
      const started = new TestProcess(...command(program, args), { env });
      processes.push(started);
      return started;
    };
    const umbel = (args: readonly string[], env: Record<string, string> = {}) =>
      start(process.execPath, [`${ROOT}dist/lib/cli/main.js`, ...args], env);
    return {
      name,
      address,
      command,
      async answers(port) {
        const script = `require('net').connect(${port}, '${address}').on('connect', () => process.exit(0))`;
        return (await new TestProcess(...command(process.execPath, ['-e', script])).ended()) === 0;
      },
      start,
      umbel,
      async ask(args, env) {
        const asked = umbel(args, env);
        const code = await asked.ended(30_000);
        if (code !== 0) throw new Error(`umbel ${args.join(' ')} ended with ${code}:\n${asked.output}`);
        return asked.output;
      },
      unplug: () => ip('-n', hub, 'link', 'set', port, 'nomaster'),
      plugIn: () => ip('-n', hub, 'link', 'set', port, 'master', 'switch'),
    };
  });
  return {
    hosts,
    async stop() {
      // The youngest first: a worker whose broker is gone takes its time to stop.
      for (const process of processes.reverse()) await process.stop();
      for (const space of spaces) ip('netns', 'del', space);
    },
  };
}
