import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../kit/free-port.ts';
import { isAlive } from '../kit/is-alive.ts';
import { ROOT, TestProcess } from '../kit/process.ts';
import { PYTHON } from '../kit/python.ts';
import { readTutorial, type Step } from '../kit/tutorial.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* docs/tutorial.md, as a reader does it: from the packed package, in an empty folder, on ports that are free here. */

let folder = '';
let tarball = '';
const running = new Map<string, TestProcess>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-tutorial-'));
  execFileSync('npm', ['pack', ROOT, '--ignore-scripts', '--pack-destination', folder], { stdio: 'pipe' });
  tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
}, 60_000);

afterAll(async () => {
  await Promise.all([...running.values()].map((child) => child.stop('SIGKILL')));
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.pid'))) {
    const pid = Number(readFileSync(join(folder, name), 'utf8'));
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

test('every command of the tutorial works and prints what it says', async () => {
  const [pages, engine, redis] = [await freePort(), await freePort(), await freePort()];
  const here = (text: string): string =>
    text
      .replaceAll('6379', String(redis))
      .replaceAll('5556', String(engine))
      .replaceAll('5555', String(pages))
      .replaceAll('npx umbel', 'node_modules/.bin/umbel')
      .replace('npm install umbel', `npm install --no-audit --no-fund ./${tarball}`)
      .replace('mkdir shop && cd shop', 'true')
      .replace('python3 ', `${PYTHON} `);
  // The library finds the engine by its port, which the page leaves at the default.
  const broker = `redis://127.0.0.1:${engine}`;
  const env: Record<string, string> = {
    CELERY_BROKER_URL: `${broker}/0`,
    CELERY_RESULT_BACKEND: `${broker}/1`,
    PYTHONWARNINGS: 'ignore',
  };
  const dashboardEnv = {
    CELERY_BROKER_URL: '',
    CELERY_RESULT_BACKEND: '',
    CELERY_DEV_PORT: String(pages),
    CELERY_DEV_ENGINE_PORT: String(engine),
    CELERY_FLOWER_PORT: String(pages),
    CELERY_FLOWER_ENGINE_PORT: String(engine),
  };

  const launch = (command: string): TestProcess => {
    const isDashboard = /umbel (-A tasks dev|flower)/.test(command);
    return new TestProcess('sh', ['-c', `exec ${here(command)}`], {
      cwd: folder,
      env: { ...env, ...(isDashboard && dashboardEnv) },
    });
  };
  const follow = async (step: Step): Promise<void> => {
    switch (step.kind) {
      case 'write': {
        writeFileSync(join(folder, step.file), here(step.text));
        const { wait } = step;
        if (wait === null) return;
        const said = (): string => [...running.values()].map(({ output }) => output).join('\n');
        const from = said().length;
        await waitUntil(`${wait}`, () => wait.test(said()), 20_000);
        await waitUntil('ready again', () => / ready\./.test(said().slice(from)), 20_000);
        return;
      }
      case 'start': {
        const child = launch(step.command);
        running.set(step.name, child);
        await child.waitFor(step.until, 40_000);
        expectLines(child.output, step.output.map(here), step.command);
        return;
      }
      case 'stop':
        await running.get(step.name)?.stop('SIGTERM');
        running.delete(step.name);
        return;
      case 'run':
        await runAll(step);
    }
  };
  const runAll = async ({ commands, output }: Extract<Step, { kind: 'run' }>): Promise<void> => {
    let said = '';
    for (const command of commands) {
      const [, name, value] = /^export (\w+)=(.*)$/.exec(here(command)) ?? [];
      if (name !== undefined && value !== undefined) {
        env[name] = value;
        continue;
      }
      const child = new TestProcess('sh', ['-c', here(command)], { cwd: folder, env });
      const code = await child.ended(120_000);
      said += child.output;
      expect(`${command} ends with ${code}: ${code === 0 ? '' : child.output}`).toBe(
        `${command} ends with 0: `,
      );
    }
    expectLines(said, output.map(here), commands.join('; '));
  };

  for (const step of readTutorial(readFileSync(join(ROOT, 'docs/tutorial.md'), 'utf8'))) await follow(step);
  expect(running.size).toBe(0);
}, 240_000);

/** Each line must be there; numbers may differ, as process ids do. */
function expectLines(output: string, lines: readonly string[], command: string): void {
  for (const line of lines) {
    const pattern = line
      .trim()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/pid \d+/g, 'pid \\d+');
    expect(`${command}\n${output}`).toMatch(new RegExp(pattern));
  }
}
