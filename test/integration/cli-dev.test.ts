import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { freePort } from '../kit/free-port.ts';
import { isAlive } from '../kit/is-alive.ts';
import { umbel } from '../kit/process.ts';
import { waitUntil } from '../kit/wait-until.ts';

let data = '';

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'umbel-dev-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

describe('umbel dev', () => {
  it('runs dashboard, engine, worker and the example traffic; Ctrl-C ends all and loses nothing', async () => {
    const [port, enginePort] = [await freePort(), await freePort()];
    const start = (...more: string[]) =>
      umbel([
        ...['-A', 'examples/tasks.ts', 'dev', '-c', '2', '--data', data],
        ...['--port', String(port), '--engine-port', String(enginePort), ...more],
      ]);
    const dev = start('--with', 'examples/traffic.ts');
    await dev.waitFor(new RegExp(`Dashboard +http://localhost:${port}/`));
    await dev.waitFor(/ ready\./);
    await dev.waitFor(/Task shop\.add_numbers\[.*\] succeeded/);
    const urls = {
      broker: `redis://127.0.0.1:${enginePort}/0`,
      backend: `redis://127.0.0.1:${enginePort}/1`,
    };
    const app = new Celery('client', { ...urls, task_routes: { 'reports.*': 'reports' } });
    const waiting = await app.sendTask('reports.generate', ['May', 2], { countdown: 5 });
    const pids = await childrenOf(app);
    await app.close();
    dev.child.kill('SIGINT');
    expect(await dev.ended()).toBe(0);
    await waitUntil('every process is gone', () => pids.every((pid) => !isAlive(pid)));
    const again = start();
    await again.waitFor(/ ready\./);
    const client = new Celery('client', urls);
    expect(await client.AsyncResult(waiting.id).get({ timeout: 15 })).toBe('Report for May, 2 pages');
    await client.close();
    await again.stop('SIGINT');
  }, 60_000);
});

describe('umbel dev on a changing project', () => {
  const write = (name: string, text: string): void => writeFileSync(join(data, name), text);
  const tasks = (result: string): string =>
    "import { Celery } from 'umbel';\nimport { value } from './lib/value.ts';\n" +
    `export const app = new Celery('dev');\napp.task('d.value', () => value + ${result});\n`;

  it('starts the worker again with new code, keeps the old one when that does not load', async () => {
    mkdirSync(join(data, 'lib'));
    write('lib/value.ts', "export const value = 'v';\n");
    write('tasks.ts', tasks("'1'"));
    const dev = umbel(
      ['-A', 'tasks', 'dev', '-c', '1', '--port', '0', '--engine-port', '0', '--data', join(data, 'data')],
      { cwd: data },
    );
    await dev.waitFor(/ ready\./);
    const broker = /Broker +(redis:\S+)\/0/.exec(dev.output)?.[1] ?? '';
    expect(broker).not.toMatch(/:0$/);
    const app = new Celery('client', { broker: `${broker}/0`, backend: `${broker}/1` });
    const call = async (): Promise<unknown> => (await app.sendTask('d.value')).get({ timeout: 20 });
    expect(await call()).toBe('v1');
    write('tasks.ts', tasks("'2"));
    await dev.waitFor(
      /tasks\.ts cannot be loaded: SyntaxError[\s\S]*dev: tasks\.ts changed, but does not load\./,
    );
    expect(await call()).toBe('v1');
    write('lib/value.ts', "export const value = 'w';\n");
    write('tasks.ts', tasks("'2'"));
    await dev.waitFor(/dev: .* changed: the worker starts again\.[\s\S]* ready\./);
    expect(await call()).toBe('w2');
    await app.close();
    dev.child.kill('SIGINT');
    expect(await dev.ended()).toBe(0);
  }, 90_000);

  it('the second Ctrl-C ends a running task, and nothing is left', async () => {
    write(
      'tasks.ts',
      "import { Celery } from 'umbel';\nexport const app = new Celery('dev');\n" +
        "app.task('d.long', () => new Promise((resolve) => setTimeout(resolve, 60_000)));\n",
    );
    const dev = umbel(
      ['-A', 'tasks', 'dev', '-c', '1', '--port', '0', '--engine-port', '0', '--memory-only', '--no-reload'],
      { cwd: data },
    );
    await dev.waitFor(/ ready\./);
    const broker = /Broker +(redis:\S+)\/0/.exec(dev.output)?.[1] ?? '';
    const app = new Celery('client', { broker: `${broker}/0`, backend: `${broker}/1` });
    await app.sendTask('d.long');
    await dev.waitFor(/Task d\.long\[.*\] received/);
    const pids = await childrenOf(app);
    await app.close();
    dev.child.kill('SIGINT');
    await dev.waitFor(/Ctrl-C again stops them now/);
    // Another signal: the same one within a moment counts as the echo of the first.
    dev.child.kill('SIGTERM');
    expect(await dev.ended()).toBe(0);
    await waitUntil('every process is gone', () => pids.every((pid) => !isAlive(pid)));
  }, 60_000);
});

async function childrenOf(app: Celery): Promise<number[]> {
  const [stats] = Object.values(await app.control.inspect().stats());
  const { pid, pool } = Object(stats);
  return [Number(pid), ...pool.processes.map(Number)];
}
