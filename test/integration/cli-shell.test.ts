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

  it('takes a line of a pipe only when the one before is done', () => {
    const lines = [
      'const later = (ms, value) => new Promise((done) => setTimeout(done, ms, value));',
      "const first = await later(300, 'first')",
      'first',
      '',
      "await later(100, 'second')",
      'function third() {',
      "  return 'third';",
      '}',
      "await Promise.reject(new Error('no fourth'))",
      "throw new Error('no fifth')",
      'third()',
      "await later(50, 'last')",
    ];
    const { stdout, status } = spawnSync(
      process.execPath,
      [MAIN, '-A', 'test/integration/worker-app.ts', 'shell'],
      {
        cwd: ROOT,
        env: { ...process.env, ...bench.env },
        input: lines.join('\n'),
        encoding: 'utf8',
        timeout: 20_000,
      },
    );
    expect(stdout).toMatch(/^'first'\n'second'\n[\s\S]*no fourth[\s\S]*no fifth[\s\S]*'third'\n'last'\n$/);
    expect(status).toBe(0);
  });

  it('leaves the tasks out when told so', () => {
    const args = [MAIN, '-A', 'test/integration/worker-app.ts', 'shell', '-T'];
    const options = { cwd: ROOT, env: { ...process.env, ...bench.env }, encoding: 'utf8' } as const;
    const { stdout } = spawnSync(process.execPath, args, {
      ...options,
      input: "typeof add\napp.tasks.has('w.add')\n",
    });
    expect(stdout).toBe("'undefined'\ntrue\n");
  });
});

describe('umbel completion', () => {
  beforeAll(() => {
    writeFileSync(join(folder, 'umbel'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    chmodSync(join(folder, 'umbel'), 0o755);
  });

  /** What a shell offers for the words, the last of which is being typed; FILES where it offers files. */
  type Shell = (words: readonly string[]) => string;
  const quoted = (words: readonly string[]): string =>
    ['umbel', ...words].map((word) => `'${word}'`).join(' ');
  const run = (shell: string, ...args: string[]): string => {
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, HOME: folder };
    return execFileSync(shell, args, { cwd: ROOT, env, encoding: 'utf8' });
  };
  const SHELLS: readonly [string, Shell][] = [
    [
      'bash',
      (words) =>
        run(
          'bash',
          '-c',
          `eval "$(umbel completion bash)"; COMP_WORDS=(${quoted(words)}); COMP_CWORD=${words.length}; _umbel; printf '%s\\n' "\${COMPREPLY[@]:-FILES}"`,
        ),
    ],
    [
      'zsh',
      (words) =>
        run(
          'zsh',
          '-fc',
          `compdef() {}; compadd() { shift; print -rl -- "$@" }; _files() { print FILES }
          eval "$(umbel completion zsh)"; words=(${quoted(words)}); CURRENT=${words.length + 1}; _umbel`,
        ),
    ],
    [
      'fish',
      (words) =>
        run(
          'fish',
          '-c',
          `function __fish_complete_path; echo FILES; end
          umbel completion fish | source; complete -C '${['umbel', ...words].join(' ')}'`,
        ),
    ],
  ];

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
    [['-A', ''], ['FILES']],
    [['run', ''], ['FILES']],
  ])('%j', (words, expected) => {
    for (const [shell, offered] of SHELLS) {
      const found = offered(words).trim().split('\n').sort();
      expect([shell, found]).toEqual([shell, [...expected].sort()]);
    }
  });
});
