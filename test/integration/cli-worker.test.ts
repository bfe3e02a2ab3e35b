import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../kit/is-alive.ts';
import { umbel } from '../kit/process.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* A worker as a service: in the background, with a log file, as another user, with settings from outside. */

const TASKS = `import { Celery } from 'umbel';
export const app = new Celery('daemon');
app.task('d.who', () => {
  console.log('printed by a task');
  return process.getuid?.();
});
`;
const MORE = `import { app } from './tasks.ts';
app.task('more.double', (x: number) => 2 * x);
`;

let bench: WorkerBench;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-daemon-'));
  chmodSync(folder, 0o777);
  writeFileSync(join(folder, 'tasks.ts'), TASKS);
  writeFileSync(join(folder, 'more.ts'), MORE);
  writeFileSync(join(folder, 'settings.mjs'), "export default { task_default_queue: 'from-config' };\n");
  bench = await WorkerBench.start();
});
afterAll(async () => {
  await bench.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> => {
  const command = umbel(args, { cwd: folder, env: { ...bench.env, ...env } });
  return { code: await command.ended(), output: command.output };
};
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const end = async (name: string): Promise<void> => {
  const pid = Number(read(`${name}.pid`));
  process.kill(pid, 'SIGTERM');
  await waitUntil(`${name} has ended`, () => !isAlive(pid), 10_000);
};

describe('umbel worker', () => {
  it('-D returns when it has started; log and pid file carry its name; more modules are loaded', async () => {
    const start = [
      ...['-A', 'tasks', 'worker', '-D', '-l', 'info', '-c', '1', '-n', 'bg@box', '-I', 'more'],
      ...['-f', 'logs/%n%I.log', '--pidfile', '%n.pid', '--umask', '077', 'task_acks_late=True'],
    ];
    const started = await run(start);
    expect(started.output).toMatch(/^bg@box started in the background \(pid \d+\)\n$/);
    expect(started.code).toBe(0);
    const double = await bench.app.sendTask('more.double', [21]);
    expect(await double.get({ timeout: 15 })).toBe(42);
    await (await bench.app.sendTask('d.who')).get({ timeout: 15 });
    await waitUntil('both are in the log', () => /printed by a task/.test(read('logs/bg.log')));
    expect(read('logs/bg.log')).toMatch(/bg@box ready\.[\s\S]*Task more\.double\[.*\] succeeded/);
    expect(statSync(join(folder, 'logs/bg.log')).mode & 0o777).toBe(0o600);
    const conf = await bench.app.control.inspect({ destination: ['bg@box'] }).conf();
    expect(conf['bg@box']).toMatchObject({ task_acks_late: true, include: ['more'] });
    const second = await run(start);
    expect(second.output).toContain("Seems we're already running? (pid: ");
    expect(second.code).toBe(73);
    await end('bg');
  }, 60_000);

  it('-D says why it does not start', async () => {
    expect(await run(['-A', 'nowhere', 'worker', '-D'])).toEqual({
      code: 2,
      output: expect.stringMatching(/^Error: There is no module "nowhere"/),
    });
  });

  it('says why it ends at any log level, on the terminal and in its log file', async () => {
    const start = ['-A', 'tasks', 'worker', '-P', 'solo', '-l', 'critical'];
    for (const words of [start, [...start, '-f', 'away.log']]) {
      const { code, output } = await run([...words, 'broker_connection_retry_on_startup=false'], {
        CELERY_BROKER_URL: 'redis://127.0.0.1:1/0',
      });
      expect(code).toBe(1);
      expect(output).toMatch(/^Error: Cannot connect to redis:/m);
    }
    expect(read('away.log')).toMatch(/CRITICAL.*Cannot connect to redis:/);
  }, 60_000);

  it('--uid gives up root before anything is opened, and is refused to others', async () => {
    const worker = umbel(
      ['-A', 'tasks', 'worker', '-P', 'async', '-l', 'info', '--uid', 'nobody', '-f', 'n.log'],
      {
        cwd: folder,
        env: bench.env,
      },
    );
    if (process.getuid?.() !== 0) {
      expect(await worker.ended()).toBe(2);
      expect(worker.output).toContain('Only root can start a worker as another user');
      return;
    }
    const who = await bench.app.sendTask<number>('d.who');
    const nobody = await who.get({ timeout: 15 });
    expect(nobody).toBe(Number(execFileSync('id', ['-u', 'nobody'])));
    expect(statSync(join(folder, 'n.log')).uid).toBe(nobody);
    expect(await worker.stop()).toBe(0);
  });

  it('takes options and settings from the environment and from --config', async () => {
    const worker = umbel(['--config', 'settings.mjs', 'worker'], {
      cwd: folder,
      env: {
        ...bench.env,
        CELERY_APP: 'tasks',
        CELERY_WORKER_CONCURRENCY: '3',
        CELERY_WORKER_POOL: 'async',
        CELERY_WORKER_LOGLEVEL: 'info',
        CELERY_WORKER_TASK_EVENTS: 'yes',
      },
    });
    await worker.waitFor(/ ready\./);
    expect(worker.output).toContain('.> concurrency: 3 (async)');
    expect(worker.output).toContain('.> task events: ON');
    expect(worker.output).toContain('.> from-config ');
    expect(await worker.stop()).toBe(0);
  });
});
