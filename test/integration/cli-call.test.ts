import { afterAll, beforeAll, expect, it } from 'vitest';
import { umbel } from '../kit/process.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* Tasks that are sent, ended and watched from the command line, by its options. */

let bench: WorkerBench;
const node = ['-d', 'options@box', '-t', '5'];

beforeAll(async () => {
  bench = await WorkerBench.start();
  await bench.worker('-P', 'async', '-n', 'options@box');
}, 60_000);
afterAll(() => bench.stop());

async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const command = umbel(args, { env: bench.env });
  return { code: await command.ended(), output: command.output };
}

it('call sends to an exchange; revoke ends what runs', async () => {
  await run('control', 'add_consumer', 'sport', 'news', 'direct', 'goal', ...node);
  const byName = ['call', 'w.add', '-k', '{"x": 4, "y": 5}', '--exchange', 'news', '--routing-key', 'goal'];
  const called = await run(...byName, '-j');
  const { task_id: id } = JSON.parse(called.output);
  expect(await run('result', id, '--timeout', '10')).toEqual({ code: 0, output: '9\n' });
  expect(JSON.parse((await run('result', id, '--json')).output)).toMatchObject({ task_id: id });
  await run('control', 'cancel_consumer', 'sport', ...node);
  await run(...byName);
  expect(await bench.waiting('sport')).toBe(1);

  const nap = (await run('call', 'w.nap', '-a', '[60000]')).output.trim();
  const inspect = bench.app.control.inspect();
  await waitUntil('it runs', async () => JSON.stringify(await inspect.active()).includes(nap), 10_000);
  const wrong = await run('control', 'revoke', nap, '--terminate', '-s', 'NOPE', ...node);
  expect(wrong.output).toContain('Unknown signal NOPE. Known are SIGHUP, ');
  expect((await run('control', 'revoke', nap, '--terminate', ...node)).output).toBe(
    `->  options@box: OK\n    terminate: ${nap}\n`,
  );
  expect(await run('result', nap, '--timeout', '10')).toEqual({
    code: 1,
    output: "Error: TaskRevokedError('terminated')\n",
  });
}, 60_000);

it('result says on standard error what it waits for, once it takes long', async () => {
  const { id } = await bench.app.sendTask('w.tracked', [60_000]);
  const tracked = bench.app.AsyncResult(id);
  await waitUntil('it runs', async () => (await tracked.status()) === 'STARTED', 10_000);
  const later = umbel(['result', 'sent-later'], { env: bench.env });
  const quiet = umbel(['-q', 'result', 'sent-later'], { env: bench.env });
  const slow = umbel(['result', id], { env: bench.env });
  let printed = '';
  later.child.stdout?.on('data', (data: Buffer) => (printed += data.toString()));
  await slow.waitFor(new RegExp(`^Waiting for ${id}: its state is STARTED\\. Ctrl-C gives up\\.\n$`));
  await later.waitFor(/^Waiting for sent-later: nothing is known of this id \(.*\)\. Ctrl-C gives up\.\n$/);
  await bench.app.sendTask('w.add', [1, 2], { taskId: 'sent-later' });
  expect(await Promise.all([later.ended(), quiet.ended()])).toEqual([0, 0]);
  expect([printed, quiet.output]).toEqual(['3\n', '3\n']);
  await slow.stop('SIGINT');
  expect(slow.output.match(/Waiting/g)).toHaveLength(1);
  await tracked.revoke({ terminate: true });
}, 60_000);

it('call asks about a name that is nearly one of the app', async () => {
  const app = ['-A', 'test/integration/worker-app.ts'];
  const slip = await run(...app, 'call', 'w.ad', '--queue', 'slips');
  expect(slip.code).toBe(0);
  expect(slip.output).toContain('Note: The app has no task "w.ad". Did you mean "w.add"?\n');
  for (const words of [
    ['-q', ...app, 'call', 'w.ad'],
    [...app, 'call', 'py.add'],
    [...app, 'call', 'w.add'],
  ]) {
    expect((await run(...words, '--queue', 'slips')).output).toMatch(/^[-0-9a-f]{36}\n$/);
  }
}, 30_000);

it('queues --watch shows again what has changed, until Ctrl-C', async () => {
  const watch = umbel(['queues', '-Q', 'watched', '--watch', '0.1', '-t', '0.1', '--json'], {
    env: bench.env,
  });
  await watch.waitFor(/"watched":\{"ready":0/);
  await bench.app.sendTask('w.add', [1, 1], { queue: 'watched' });
  await watch.waitFor(/"watched":\{"ready":1/);
  expect(await watch.stop('SIGINT')).toBe(0);
});
