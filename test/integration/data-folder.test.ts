import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../kit/free-port.ts';
import { type TestProcess, umbel } from '../kit/process.ts';

/* Where a dashboard or a worker cannot start it says so in a line or two, ends, and leaves nothing behind. */

const AWAY = 'redis://127.0.0.1:1/0';
let folder = '';
let taken: Server;
let takenPort = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-folder-'));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'odd', 'history.db'), { recursive: true });
  takenPort = String(await freePort());
  taken = createServer().listen(Number(takenPort), '127.0.0.1');
});
afterAll(() => {
  taken?.close();
  rmSync(folder, { recursive: true, force: true });
});

const flower = (...args: string[]): TestProcess => {
  const ports = args.includes('--port') ? [] : ['--port', '0'];
  const engine = args.includes('-b') || args.includes('--engine-port') ? [] : ['--engine-port', '0'];
  const before = args.includes('-b') ? ['-b', AWAY] : [];
  return umbel([...before, 'flower', ...ports, ...engine, ...args.filter((word) => word !== '-b')], {
    cwd: folder,
  });
};

const DATA =
  /^Error: Cannot use the data directory [^\n]+: E[A-Z]+: [^\n]+\.\nChoose another one with --data[^\n]+\n$/;

describe('a dashboard that cannot start', () => {
  it.each<[string, string[], RegExp]>([
    ['a file in place of the folder', ['--data', 'file'], DATA],
    ['a file in place of the folder, and a broker', ['-b', '--data', 'file'], DATA],
    ['a file above the folder', ['--data', 'file/sub'], DATA],
    ['a folder that nobody can make', ['--data', '/proc/x'], DATA],
    ['a folder that nobody can make, and a broker', ['-b', '--data', '/proc/x/y'], DATA],
    [
      'a folder in place of the history',
      ['-b', '--data', 'odd'],
      /^Error: The history odd\/history\.db cannot be opened: [^\n]+\n$/,
    ],
    [
      'a port in use',
      ['--memory-only', '--port', 'TAKEN'],
      /^Error: Port \d+ is in use on 127\.0\.0\.1\. Stop what listens there, or use --port\.\n$/,
    ],
    [
      'an engine port in use',
      ['--memory-only', '--engine-port', 'TAKEN'],
      /^Error: Port \d+ is in use: [^\n]+\nStop it, or choose another port with --engine-port\.\n$/,
    ],
    [
      'an address of another machine',
      ['--memory-only', '--unauthenticated', '--address', '192.0.2.1'],
      /^Error: Cannot listen on 192\.0\.2\.1:\d+ \(EADDRNOTAVAIL\)\. Use --address and --port\.\n$/,
    ],
    [
      'an address that is none',
      ['--memory-only', '--unauthenticated', '--address', 'no.such.invalid'],
      /^Error: Cannot listen on no\.such\.invalid:\d+ \(ENOTFOUND\)\. Use --address and --port\.\n$/,
    ],
  ])('%s', async (_what, args, expected) => {
    const started = flower(...args.map((word) => (word === 'TAKEN' ? takenPort : word)));
    expect(await started.ended()).toBe(1);
    expect(started.output).toMatch(expected);
  });

  it('a folder of somebody else', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const status = readFileSync('/proc/self/status', 'utf8');
    const isRoot = /^Uid:\s+0\s/m.test(status);
    if (!isRoot) chmodSync(closed, 0o500);
    const denied = isRoot ? runAs(65_534, closed) : flower('--data', closed);
    expect(await denied.ended()).toBe(1);
    expect(denied.output).toMatch(/Cannot use the data directory .*: EACCES: /);
  });

  it('leaves its folder free for the next, and keeps a second one out while it runs', async () => {
    for (const broker of [[], ['-b']]) {
      const data = join(folder, `data${broker.length}`);
      const failed = flower(...broker, '--data', data, '--port', takenPort);
      expect(await failed.ended()).toBe(1);
      const first = flower(...broker, '--data', data);
      await first.waitFor(/Ctrl-C stops it/);
      const second = flower(...broker, '--data', data);
      expect(await second.ended()).toBe(1);
      expect(second.output).toBe(
        `Error: The dashboard of process ${first.child.pid} uses the data directory ${data}.\nStop it, or choose another directory with --data.\n`,
      );
      await first.stop('SIGKILL');
      const third = flower(...broker, '--data', data);
      await third.waitFor(/Ctrl-C stops it/);
      expect(await third.stop()).toBe(0);
      expect(existsSync(join(data, 'dashboard.lock'))).toBe(false);
    }
  }, 60_000);

  it('ends when it is told to while it starts', async () => {
    // A broker that never answers.
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const starting = umbel(
      ['-b', `redis://127.0.0.1:${port}/0`, 'flower', '--memory-only', '--port', '0', '-l', 'info'],
      { cwd: folder },
    );
    await starting.waitFor(/Starting/);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await starting.stop('SIGINT')).toBe(0);
    expect(starting.output).not.toContain('Ctrl-C stops it');
    silent.close();
  }, 30_000);
});

describe('a pid file', () => {
  it('has one holder, however many find it stale at once', async () => {
    const app = join(folder, 'app.mjs');
    writeFileSync(app, "import { Celery } from 'umbel';\nexport const app = new Celery('x');\n");
    const path = join(folder, 'w.pid');
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('exit', resolve));
    writeFileSync(path, `${dead.pid}\n`);
    const claim = `
      import { Pidfile } from '${new URL('../../dist/lib/cli/pidfile.js', import.meta.url).pathname}';
      const file = new Pidfile(${JSON.stringify(path)});
      const wait = Number(process.argv[1]) - Date.now();
      setTimeout(() => {
        try { file.claim(); console.log('held'); setTimeout(() => {}, 3000); }
        catch (error) { console.log(error.message, error.exitCode); }
      }, wait);`;
    const at = String(Date.now() + 1500);
    const outputs = await Promise.all(
      Array.from({ length: 12 }, () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', claim, at], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.on('data', (data: Buffer) => {
          output += data.toString();
        });
        return new Promise<string>((resolve) => child.once('exit', () => resolve(output)));
      }),
    );
    expect(outputs.filter((output) => output.startsWith('held'))).toHaveLength(1);
    expect(outputs.filter((output) => /already running.* 73$/s.test(output.trim()))).toHaveLength(11);
  }, 30_000);

  it('of a process with our own number, as in a container that starts again, is taken over', () => {
    const path = join(folder, 'own.pid');
    const run = `
      import { writeFileSync } from 'node:fs';
      import { Pidfile } from '${new URL('../../dist/lib/cli/pidfile.js', import.meta.url).pathname}';
      writeFileSync(${JSON.stringify(path)}, process.pid + '\\n');
      const file = new Pidfile(${JSON.stringify(path)});
      file.claim();
      file.release();`;
    execFileSync(process.execPath, ['--input-type=module', '-e', run]);
    expect(existsSync(path)).toBe(false);
  });
});

/** Starts the dashboard as a user of this number. */
function runAs(uid: number, data: string): TestProcess {
  return umbel(['flower', '--port', '0', '--engine-port', '0', '--data', data], { cwd: '/', env: {}, uid });
}
