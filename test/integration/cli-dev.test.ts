import { mkdtempSync, rmSync } from 'node:fs';
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

async function childrenOf(app: Celery): Promise<number[]> {
  const [stats] = Object.values(await app.control.inspect().stats());
  const { pid, pool } = Object(stats);
  return [Number(pid), ...pool.processes.map(Number)];
}
