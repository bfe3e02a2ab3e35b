import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../kit/process.ts';
import { TestTerminal } from '../kit/terminal.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

const MAIN = `${ROOT}dist/lib/cli/main.js`;

let bench: WorkerBench;
let folder = '';

beforeAll(async () => {
  bench = await WorkerBench.start();
  folder = mkdtempSync(join(tmpdir(), 'umbel-shell-'));
});
afterAll(async () => {
  await bench.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('umbel shell', () => {
  it('has the app, the tasks and the canvas in scope, awaits, and keeps a history', async () => {
    await bench.worker('-P', 'async');
    const shell = new TestTerminal(['-A', 'test/integration/worker-app.ts', 'shell'], {
      env: { ...bench.env, XDG_STATE_HOME: join(folder, 'state') },
    });
    await shell.waitFor(/In scope: app, celery, .*chain, chord, group\.\s+Tasks: add, /);
    shell.type('(await add.delay(40, 2)).id.length\r');
    await shell.waitFor(/\n36/);
    shell.type('await (await chain(add.s(1, 2), add.s(4)).applyAsync()).get()\r');
    await shell.waitFor(/\n7/);
    shell.type('await add(20, 3)\r');
    await shell.waitFor(/\n23/);
    shell.type('\u0004');
    expect(await shell.ended()).toBe(0);
    expect(readFileSync(join(folder, 'state', 'umbel', 'shell-history'), 'utf8')).toContain(
      'await add(20, 3)',
    );
  }, 40_000);

  it('reads a script from a pipe', () => {
    const { stdout, status } = spawnSync(
      process.execPath,
      [MAIN, '-A', 'test/integration/worker-app.ts', 'shell'],
      {
        cwd: ROOT,
        env: { ...process.env, ...bench.env },
        input: 'app.main\nawait add(1, 2)\n',
        encoding: 'utf8',
      },
    );
    expect(stdout).toBe("'worker-tests'\n3\n");
    expect(status).toBe(0);
  });
});

describe('umbel completion', () => {
  beforeAll(() => {
    writeFileSync(join(folder, 'umbel'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    chmodSync(join(folder, 'umbel'), 0o755);
  });

  /** What bash offers for the words, the last of which is being typed. */
  const offered = (...words: string[]): string[] => {
    const list = ['umbel', ...words].map((word) => `'${word}'`).join(' ');
    const script = `eval "$(umbel completion bash)"; COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _umbel; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
    return execFileSync('bash', ['-c', script], { cwd: ROOT, env, encoding: 'utf8' }).trim().split('\n');
  };

  it.each([
    [['wor'], ['worker']],
    [['-A', 'tasks', 'pu'], ['purge']],
    [['-A', 'tasks', 'worker', '--pre'], ['--prefetch-multiplier']],
    [
      ['worker', '-P', ''],
      ['prefork', 'threads', 'async', 'solo'],
    ],
    [['worker', '--loglevel', 'w'], ['warning']],
    [
      ['inspect', 'active'],
      ['active', 'active_queues'],
    ],
    [
      ['control', '-t', '2', 'pool_'],
      ['pool_grow', 'pool_restart', 'pool_shrink'],
    ],
    [
      ['-A', 'test/integration/worker-app.ts', 'call', 'w.re'],
      ['w.refuse', 'w.report'],
    ],
    [['-A', ''], ['']],
  ])('%j', (words, expected) => {
    expect(offered(...words).sort()).toEqual([...expected].sort());
  });
});
