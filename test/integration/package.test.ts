import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../kit/free-port.ts';
import { ROOT, TestProcess } from '../kit/process.ts';

/* The package as a user gets it: packed, installed in an empty project, run with npx. */

const TASKS = `import { Celery, Task } from 'umbel';

export const app = new Celery('tasks');
export const addNumbers = app.task('tasks.add_numbers', (x: number, y: number) => x + y);

class GenerateReport extends Task {
  name = 'generate_report_task';
  bind = true;
  async run(reportId: number) {
    await this.updateState({ state: 'PROGRESS', meta: { reportId, current: 40, total: 100 } });
    return \`Report \${reportId} generated\`;
  }
}
export const report = app.tasks.register(new GenerateReport());
`;

const CLIENT = `import { addNumbers, report } from './tasks.ts';
import { app } from './tasks.ts';

const sum: number = await (await addNumbers.delay(10, 5)).get({ timeout: 20 });
const text: string = await (await report.delay(7)).get({ timeout: 20 });
console.log(JSON.stringify([sum, text]));
// @ts-expect-error a text is not a number
void (() => addNumbers.delay('10'));
await app.close();
`;

const UMBEL = 'node_modules/.bin/umbel';

let project: string;
const started: TestProcess[] = [];

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'umbel-package-'));
  const npm = (args: string[]) =>
    execFileSync('npm', args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "type": "module", "private": true }');
  npm(['pack', ROOT, '--ignore-scripts', '--pack-destination', project]);
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'));
  npm(['install', '--no-audit', '--no-fund', `./${tarball}`]);
  writeFileSync(join(project, 'tasks.ts'), TASKS);
  writeFileSync(join(project, 'client.ts'), CLIENT);
  writeFileSync(
    join(project, 'client.mjs'),
    `import { createJiti } from 'jiti';\nawait createJiti(import.meta.url).import('./client.ts');\n`,
  );
}, 180_000);

afterAll(async () => {
  await Promise.all(started.map((child) => child.stop()));
  rmSync(project, { recursive: true, force: true });
}, 30_000);

function run(command: string, args: string[], env: Record<string, string> = {}): TestProcess {
  const child = new TestProcess(command, args, { cwd: project, env });
  started.push(child);
  return child;
}

test('its types hold in a strict project', () => {
  const compile = () =>
    execFileSync(
      process.execPath,
      [
        `${ROOT}scripts/tsc.mjs`,
        '--noEmit',
        '--strict',
        '--skipLibCheck',
        '--module',
        'nodenext',
        '--target',
        'es2022',
        '--allowImportingTsExtensions',
        '--types',
        'node',
        '--typeRoots',
        `${ROOT}node_modules/@types`,
        'client.ts',
      ],
      { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] },
    ).toString();
  expect(compile()).toBe('');
});

test('npx finds the command', async () => {
  const version = run('npx', ['umbel', '--version']);
  expect(await version.ended()).toBe(0);
  expect(version.output).toMatch(/\d+\.\d+\.\d+/);
});

// Started without npx in between, which would not pass the signal on that ends them.
test('dashboard and worker start, and a client gets its results', async () => {
  const [port, enginePort] = [await freePort(), await freePort()];
  const broker = {
    CELERY_BROKER_URL: `redis://127.0.0.1:${enginePort}/0`,
    CELERY_RESULT_BACKEND: `redis://127.0.0.1:${enginePort}/1`,
  };
  const flower = run(UMBEL, [
    'flower',
    '--port',
    String(port),
    '--engine-port',
    String(enginePort),
    '--data',
    join(project, 'data'),
  ]);
  await flower.waitFor(new RegExp(`http://localhost:${port}`));
  const page = await fetch(`http://127.0.0.1:${port}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('Umbel');
  const worker = run(UMBEL, ['-A', 'tasks.ts', 'worker', '-l', 'info', '-c', '2'], broker);
  await worker.waitFor(/ready\./);
  const client = run(process.execPath, ['client.mjs'], broker);
  expect(await client.ended(30_000)).toBe(0);
  expect(client.output).toContain('[15,"Report 7 generated"]');
}, 90_000);
