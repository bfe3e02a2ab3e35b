import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { umbel } from '../kit/process.ts';
import { TestTerminal } from '../kit/terminal.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

let bench: WorkerBench;

beforeAll(async () => {
  bench = await WorkerBench.start();
  await bench.worker('-E', '-P', 'async', '-c', '4', '-n', 'top@box');
});
afterAll(() => bench.stop());

describe('umbel events', () => {
  it('shows workers and tasks on a screen that fits, and acts on the selected one', async () => {
    const top = new TestTerminal(['events'], { env: bench.env });
    await top.waitForScreen(/top@box +online +0\/4 busy/);
    const boom = await bench.app.sendTask('w.boom');
    await top.waitForScreen(/w\.boom +top@box +\d\d:\d\d:\d\d FAILURE/);
    expect(top.screen.length).toBe(24);
    expect(Math.max(...top.screen.map((line) => line.length))).toBeLessThanOrEqual(80);
    top.type('t');
    await top.waitForScreen(/TypeError: boom/);
    top.type('i');
    await top.waitForScreen(new RegExp(`id +${boom.id}`));
    top.type('r');
    await top.waitForScreen(/'exc_type': 'TypeError'/);
    top.type('\u001b');
    await top.waitForScreen(/j\/k move/);

    const far = await bench.app.sendTask('w.nap', [1], { countdown: 600 });
    await top.waitForScreen(/w\.nap +top@box +\S+ RECEIVED/);
    top.type('\u001b[H');
    top.type('c');
    await top.waitForScreen(new RegExp(`Revoke ${far.id}\\? y/n`));
    top.type('y');
    await top.waitForScreen(/w\.nap +top@box +\S+ REVOKED/);
    expect(await far.status()).toBe('REVOKED');

    top.type('l');
    await top.waitForScreen(/Rate limit of this task/);
    top.type('7/m');
    await top.waitForScreen(/0 for none: 7\/m_/);
    top.type('\r');
    await top.waitForScreen(/w\.nap: new rate limit set successfully/);

    top.resize(12, 60);
    await waitUntil('it has the new size', () => top.screen.length === 12, 10_000);
    expect(Math.max(...top.screen.map((line) => line.length))).toBeLessThanOrEqual(60);
    top.type('q');
    expect(await top.ended()).toBe(0);
    expect(top.output.endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l')).toBe(true);
  }, 60_000);

  it('puts the terminal back when a signal ends it', async () => {
    const top = new TestTerminal(['events'], { env: bench.env });
    await top.waitForScreen(/top@box/);
    top.type('\u0003');
    expect(await top.ended()).toBe(0);
    expect(top.output).toContain('\u001b[?1049l');
  });

  it('--dump prints a line for each event, --json an object', async () => {
    const dump = umbel(['events', '--dump'], { env: bench.env });
    const json = umbel(['events', '--json'], { env: bench.env });
    await dump.waitFor(/-> evdump: starting capture\.\.\./);
    await json.waitFor(/"type":"worker-heartbeat"/);
    await (await bench.app.sendTask('w.add', [1, 2])).get({ timeout: 10 });
    await dump.waitFor(
      /top@box \[\d{4}-\d\d-\d\d [\d:]+\.\d{6}\+00:00\] task succeeded: w\.add\([-0-9a-f]{36}\) args=\(1, 2\) kwargs={} .*result=3,/,
    );
    await json.waitFor(/"type":"task-succeeded"/);
    expect(await dump.stop('SIGINT')).toBe(0);
    expect(await json.stop('SIGTERM')).toBe(0);
    for (const line of json.output.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('hostname');
  });
});
