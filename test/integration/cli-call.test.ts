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

it('queues --watch shows again what has changed, until Ctrl-C', async () => {
  const watch = umbel(['queues', '-Q', 'watched', '--watch', '0.1', '-t', '0.1', '--json'], {
    env: bench.env,
  });
  await watch.waitFor(/"watched":\{"ready":0/);
  await bench.app.sendTask('w.add', [1, 1], { queue: 'watched' });
  await watch.waitFor(/"watched":\{"ready":1/);
  expect(await watch.stop('SIGINT')).toBe(0);
});
