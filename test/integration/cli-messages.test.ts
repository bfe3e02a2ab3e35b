import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, umbel } from '../kit/process.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* What the command line says and with which code it ends; nobody ever sees a stack trace. */

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-cli-'));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('broken.ts', "import { Celery } from 'umbel';\nexport const app = new Celery('x';\n");
  write('broken.mjs', 'export const a = 1;\nexport const b = (;\n');
  write('throws.ts', 'export const a = 1;\n\nnowhere.call();\n');
  write('away.ts', "import { other } from './good.ts';\nawait other.sendTask('x');\n");
  write('leaves.ts', "setInterval(() => {}, 1000);\nthrow new RangeError('my own bug');\n");
  write('proj.py', 'app = None\n');
  write('empty.ts', 'export const nothing = 1;\n');
  write('missing.ts', "import { z } from 'no-such-package';\nexport const a = z;\n");
  write(
    'setting.ts',
    "import { Celery } from 'umbel';\nexport const app = new Celery('x', { task_rout: {} });\n",
  );
  write(
    'good.ts',
    "import { Celery } from 'umbel';\nexport const other = new Celery('good');\nexport const n = 1;\n",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function say(...args: string[]): Promise<{ code: number | null; output: string }> {
  const command = umbel(args, { cwd: folder, env: { CELERY_BROKER_URL: 'redis://127.0.0.1:1/0' } });
  const code = await command.ended();
  expect(command.output).not.toMatch(/\n\s+at .*\.js:\d+/);
  return { code, output: command.output };
}

describe('what can be wrong with -A', () => {
  it.each([
    ['nofile', /Error: There is no module "nofile" in .*\nTried: nofile\.ts, nofile\.mts, .*index\.js\./],
    ['proj', /Error: There is no module "proj" in .*\nproj\.py is Python.*umbel -b redis:.* flower/],
    ['proj.py', /Error: There is no module "proj\.py" in .*\nproj\.py is Python/],
    ['good.ts/x', /Error: There is no module "good\.ts\/x" in .*\nTried: /],
    ['leaves', /Error: .*leaves\.ts cannot be loaded: RangeError: my own bug\nAt .*leaves\.ts:2\./],
    ['broken', /Error: .*broken\.ts cannot be loaded: SyntaxError: .*\nAt .*broken\.ts:2:\d+\./],
    ['broken.mjs', /Error: .*broken\.mjs cannot be loaded: SyntaxError: .*\nAt .*broken\.mjs:2\./],
    [
      'throws',
      /Error: .*throws\.ts cannot be loaded: ReferenceError: nowhere is not defined\nAt .*throws\.ts:3\./,
    ],
    [
      'empty',
      /Error: empty\.ts exports no Celery app \(it exports nothing\)\.\nAdd: export const app = new Celery/,
    ],
    [
      'missing',
      /Error: .*missing\.ts cannot be loaded: Cannot find module 'no-such-package'[\s\S]*\nAt .*missing\.ts/,
    ],
    ['setting', /Error: .*"task_rout" is no setting\. Did you mean "task_routes"\?/],
    ['good:n', /Error: "n" in good\.ts is no Celery app\./],
    ['good:zzz', /Error: good\.ts exports no "zzz"\.\nIt exports n, other\./],
  ])('%s', async (app, expected) => {
    const { code, output } = await say('-A', app, 'worker');
    expect(output).toMatch(expected);
    expect(code).toBe(2);
  });
});

describe('usage', () => {
  it.each([
    [['nosuch'], 2, /There is no command "nosuch"\. There are: worker, flower/],
    [['wroker'], 2, /There is no command "wroker"\. Did you mean "worker"\?/],
    [['beat'], 2, /There is no command "beat"\. Periodic tasks are not there yet/],
    [['multi', 'start', '3'], 2, /There is no command "multi"\. .* umbel -A tasks worker -D/],
    [['-A', 'good', 'worker', '-B'], 2, /Periodic tasks \(-B\) are not there yet/],
    [['-A', 'good', 'worker', 'task_acks_late'], 2, /"task_acks_late" is no setting: write setting=value/],
    [['-A', 'good', 'worker', 'task_rout=1'], 1, /"task_rout" is no setting\. Did you mean "task_routes"\?/],
    [['-A', 'good', 'worker', '-I', 'nofile'], 2, /There is no module "nofile"/],
    [['-A', 'good', 'worker', '-D', '-P', 'prefork', '-n', 'w%x@%h'], 1, /Unknown "%x"/],
    [['-A', 'good', 'worker', '-f', '/dev/null/x.log'], 73, /Cannot write the log file \/dev\/null\/x\.log/],
    [['-A', 'good', 'worker', '--uid', 'no-such-user'], 2, /There is no user|Only root can start/],
    [['-A', 'good', 'worker', '--umask', '9'], 2, /must be octal digits/],
    [['--config', 'nofile', 'status'], 2, /There is no module "nofile"/],
    [['--workdir', 'nowhere', 'status'], 1, /Cannot change to --workdir nowhere: is it there\?/],
    [['worker', '-A', 'good'], 2, /-A stands before the command: umbel -A <module> worker/],
    [['worker'], 2, /A worker needs an app: umbel -A tasks worker/],
    [['-A', 'good', 'worker', '--nope'], 2, /unknown option '--nope'/],
    [['-A', 'good', 'worker', '-c', 'many'], 2, /"many" is not a whole number/],
    [['-A', 'good', 'worker', '-c', '0'], 2, /It is 0, but must be a whole number from 1/],
    [
      ['-A', 'good', 'worker', '-P', 'fibers'],
      2,
      /There is no pool "fibers"\. There are: prefork, threads, async, solo/,
    ],
    [['-A', 'good', 'worker', '-l', 'loud'], 2, /debug, info, warning, error, critical/],
    [['-A', 'good', 'worker', '-n', 'w%x@%h'], 1, /Unknown "%x"/],
    [['inspect', 'nosuch'], 2, /"nosuch" is no inspect command/],
    [['inspect', 'query_task'], 2, /Missing the id of the task/],
    [['inspect', 'activ'], 2, /"activ" is no inspect command\. Did you mean "active"\?/],
    [['control', 'pool_grow', 'x'], 2, /"x" is not a whole number/],
    [['control', 'autoscale', '2', '8'], 2, /First the most, then the fewest: autoscale 8 2/],
    [['control', 'revoke'], 2, /Missing the id of the task/],
    [['control', 'revoke_by_stamped_headers', 'x'], 2, /"x" is no stamp: write header=value/],
    [['control', 'add_consumer'], 2, /Missing the name of the queue/],
    [['control', '--list'], 0, /add_consumer <queue> .* start consuming a queue/],
    [['call', 'tasks.add', '-a', '{'], 2, /not JSON/],
    [['--address', '0.0.0.0', '--memory-only'], 1, /There is no login yet/],
    [['--port', '99999', '--memory-only'], 2, /Error: .*A port is a number from 0 to 65535/],
    [['-A', 'good', 'worker', '-Q', ''], 2, /Error: .*It names nothing/],
    [['help', 'nosuch'], 2, /There is no command "nosuch"/],
    [
      ['--engine-port', '5600', '--memory-only'],
      2,
      /^Error: --engine-port is for the embedded engine, but the broker is redis:\/\/127\.0\.0\.1:1\/0, from FLOWER_BROKER or CELERY_BROKER_URL\. Leave out one of them\.\n$/,
    ],
    [
      ['-b', 'redis://:s3cret@x/0', 'flower', '--engine-port', '0'],
      2,
      /but the broker is redis:\/\/:\*+@x\/0\. Leave out one of them\.\n$/,
    ],
    [['-A', 'good', 'dev', '--engine-port', '0'], 2, /--engine-port is for .* the broker is redis:/],
    [['flower', '-b', 'redis://x'], 2, /-b stands before the command: umbel -b <url> flower/],
    [['status', '--broker=redis://x'], 2, /--broker stands before the command: umbel --broker <url> status/],
    [['status', '-t', ''], 2, /"" is not a number of seconds/],
    [['status', '-t', '1e999'], 2, /"1e999" is not a number of seconds/],
    [['-A', 'good', 'worker', '-c', ' '], 2, /is not a whole number/],
    [['queues', '--watch', '0'], 2, /It is 0, but must be 0\.1 seconds at least/],
    [['call', 'x', '--eta', 'soon'], 2, /It must be an ISO time/],
    [['call', 'x', '--countdown', 'soon'], 2, /"soon" is not a number of seconds/],
    [['call', 'x', '--expires', ''], 2, /It must be seconds or an ISO time/],
    [['call', 'x', '--priority', '300'], 2, /A priority is a whole number from 0 to 255/],
    [
      ['--max-tasks', '0', '--memory-only'],
      1,
      /Bad value for --max-tasks: it must be a whole number of tasks/,
    ],
    [['call', 'tasks.add', '-a', '{}'], 2, /It must be a JSON array, such as \[1, 2\]/],
    [['call', 'tasks.add', '-k', '[]'], 2, /It must be a JSON object/],
    [['call', 'tasks.add', '--serializer', 'pickle'], 2, /can run code .* There are: json, msgpack, yaml/],
    [['--memory-only', 'status'], 2, /flower takes options only, not "status"\. .*umbel <command>/],
    [['flower', 'x'], 2, /flower takes options only, not "x"/],
    [['--max-tasks', '0', 'flower'], 1, /Bad value for --max-tasks/],
    [
      ['-b', 'amqp://127.0.0.1:1//', '--result-backend', 'rpc://', 'result', 'x'],
      1,
      /Results of rpc:\/\/ go to/,
    ],
    [['call'], 2, /missing required argument 'name'/],
    [['purge'], 2, /purge asks before it deletes; add -f in a script/],
    [['purge', '-f', '-X', 'celery'], 2, /Every queue is excluded/],
    [['completion', 'tcsh'], 2, /There is no completion for "tcsh"\. There are: bash, zsh, fish/],
    [['list', 'stars'], 2, /There is no list of "stars"\. There is: bindings/],
    [['run', 'nope.ts'], 2, /Error: There is no module "nope\.ts" in .*\nTried: nope\.ts\.\n/],
    [['run', 'away.ts'], 1, /away\.ts failed: Cannot connect to redis:.*\nAt .*away\.ts\./],
    // What it left open holds no process: it ends, as under Node.
    [['run', 'leaves.ts'], 1, /leaves\.ts failed: RangeError: my own bug\nAt .*leaves\.ts:2\./],
    [['-b', 'sqs://', 'status'], 1, /No transport for the broker URL "sqs:\/\/"/],
    [['status'], 1, /redis:\/\/127\.0\.0\.1:1/],
    [['-A', 'good', 'dev', '--help'], 0, /Dashboard, embedded engine and a worker at once/],
    [['--version'], 0, /^\d+\.\d+\.\d+/],
  ])('umbel %j', async (args, expectedCode, expected) => {
    const { code, output } = await say(...args);
    expect(output).toMatch(expected);
    expect(code).toBe(expectedCode);
  });

  it('every command has a help text with an example', async () => {
    for (const name of [
      'worker',
      'flower',
      'dev',
      'call',
      'result',
      'status',
      'queues',
      'list',
      'inspect',
      'control',
      'purge',
      'events',
      'report',
      'run',
      'shell',
      'completion',
    ]) {
      const { code, output } = await say(name, '--help');
      expect(output).toMatch(/Examples?:\s+umbel/);
      expect(code).toBe(0);
    }
  });
});

describe('a broker that is away, or will not have us', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
    const admin = new Redis(redis.url());
    await admin.acl('SETUSER', 'reader', 'on', '>r', '~*', '&*', '+@read', '+@connection', '+info');
    await admin.config('SET', 'requirepass', 'pa@ss');
    admin.disconnect();
  });
  afterAll(() => redis.stop());

  const at = (who: string): string => `redis://${who}127.0.0.1:${redis.port}/0`;

  it.each<[string, () => string[], number, RegExp]>([
    ['no password', () => ['-b', at(''), 'status'], 1, /NOAUTH/],
    [
      'a wrong password, which is not shown',
      () => ['-b', at(':wr0ng@'), 'status'],
      1,
      /^Error: Cannot connect to redis:\/\/:\*+@127\.0\.0\.1:\d+\/0: WRONGPASS [^.]*\.\n$/,
    ],
    ['the right one', () => ['-b', at(':pa%40ss@'), 'status', '-t', '0.2'], 69, /No nodes replied/],
    [
      'the right one, but no worker to inspect',
      () => ['-b', at(':pa%40ss@'), 'inspect', 'active', '-t', '0.2'],
      69,
      /^Error: No nodes replied within time constraint\n$/,
    ],
    [
      'nor to control',
      () => ['-b', at(':pa%40ss@'), 'control', 'pool_grow', '-t', '0.2', '-j'],
      69,
      /^Error: No nodes replied within time constraint\n$/,
    ],
    [
      'a user that may not write',
      () => ['-b', at('reader:r@'), 'call', 'a.b'],
      1,
      /refused to publish .*NOPERM/,
    ],
    [
      'nobody there',
      () => ['-b', 'redis://127.0.0.1:1/0', 'call', 'a.b'],
      1,
      /ECONNREFUSED 127\.0\.0\.1:1\.\n$/,
    ],
    ['an unknown host', () => ['-b', 'redis://no-such-host.invalid/0', 'status'], 1, /no-such-host\.invalid/],
    ['a database that is not there', () => ['-b', `${at(':pa%40ss@')}99`, 'status'], 1, /out of range/],
    [
      'a database that is no number',
      () => ['-b', 'redis://127.0.0.1:1/x', 'status'],
      1,
      /must be a number such as 0, not "x"/,
    ],
    [
      'a scheme that is none',
      () => ['-b', 'http://x', 'status'],
      1,
      /No transport for the broker URL "http:\/\/x"/,
    ],
    [
      'a store that is none',
      () => ['-b', at(':pa%40ss@'), '--result-backend', 'ftp://x', 'result', 'id'],
      1,
      /^Error: No result backend for the URL "ftp:\/\/x"/,
    ],
    [
      'no store',
      () => ['-b', at(':pa%40ss@'), '--result-backend', 'disabled://', 'result', 'id'],
      1,
      /^Error: No result backend is configured/,
    ],
    [
      'a pid file that cannot be',
      () => ['-A', 'good', '-b', at(':pa%40ss@'), 'worker', '-P', 'solo', '--pidfile', '/nowhere/w.pid'],
      73,
      /Cannot write the pid file \/nowhere\/w\.pid/,
    ],
  ])('%s', async (_what, args, expectedCode, expected) => {
    const { code, output } = await say(...args());
    expect(output).not.toMatch(/wr0ng|pa%40ss|pa@ss/);
    expect(output).toMatch(expected);
    expect(code).toBe(expectedCode);
  });
});

describe('with a worker', () => {
  let bench: WorkerBench;
  beforeAll(async () => {
    bench = await WorkerBench.start();
  });
  afterAll(() => bench.stop());

  const run = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
    const command = umbel(args, { cwd: ROOT, env: bench.env });
    return { code: await command.ended(), output: command.output };
  };

  it('answers as Celery does', async () => {
    expect(await run('status')).toEqual({
      code: 69,
      output: 'Error: No nodes replied within time constraint\n',
    });
    const pidfile = join(folder, 'w.pid');
    const worker = await bench.worker('-P', 'async', '-n', 'cli@box', '--pidfile', pidfile);
    expect(worker.output).toContain('.> concurrency: 100 (async)');
    expect(worker.output).toContain('.> celery           exchange=celery(direct) key=celery');
    const status = await run('status');
    expect(status.output).toContain('->  cli@box: OK');
    expect(status.output).toContain('1 node online.');
    expect((await run('inspect', 'ping', '-j')).output).toBe('{"cli@box":{"ok":"pong"}}\n');
    const grown = await run('control', 'pool_grow', '2', '-d', 'cli@box');
    expect(grown.output).toBe('->  cli@box: OK\n    pool will grow\n');
    const sent = await run('call', 'w.add', '-a', '[4, 5]');
    expect(sent.output).toMatch(/^[-0-9a-f]{36}\n$/);
    expect(await run('result', sent.output.trim())).toEqual({ code: 0, output: '9\n' });
    const failed = await run('call', 'w.boom');
    expect(await run('result', failed.output.trim())).toEqual({
      code: 1,
      output: "Error: TypeError('boom')\n",
    });
    const traceback = await run('result', failed.output.trim(), '--traceback');
    expect(traceback).toEqual({ code: 0, output: expect.stringMatching(/^TypeError: boom\n {4}at /) });
    expect(await run('result', 'no-such-id', '--traceback')).toEqual({ code: 0, output: '\n' });
    const unknown = await run('result', 'no-such-id', '--timeout', '0.2');
    expect(unknown).toEqual({
      code: 1,
      output: expect.stringMatching(/^Error: No result after 0\.2 s: nothing is known of this id/),
    });
    const json = await run('result', failed.output.trim(), '--json');
    expect(JSON.parse(json.output)).toMatchObject({ status: 'FAILURE', result: { exc_type: 'TypeError' } });
    expect(json.code).toBe(1);
    expect((await run('-q', 'status')).output).toBe('cli@box: OK\n');
    const elsewhere = await run('status', '-d', 'elsewhere@box', '-t', '0.2');
    expect(elsewhere.output).toMatch(
      /No nodes replied.*\nNobody is called elsewhere@box\? See: umbel status/,
    );
    expect(elsewhere.code).toBe(69);
    expect((await run('status', '-d', 'cli@box,elsewhere@box', '-t', '0.5')).output).toBe(
      '->  cli@box: OK\n\n1 node online.\n',
    );
    await run('call', 'w.add', '--queue', 'nobody', '-a', '[1, 1]', '--countdown', '-5');
    expect((await run('queues', '-Q', 'nobody,celery')).output).toMatch(
      /^Queue +Ready +Unacked +Consumers\nnobody +1 +0 +0 +nobody takes from it\ncelery +0 +0 +1 +cli@box\n$/,
    );
    expect(JSON.parse((await run('queues', '-j')).output).nobody).toMatchObject({ ready: 1, consumers: [] });
    expect((await run('list', 'bindings')).output).toMatch(
      /^Queue +Exchange +Routing Key\n-+ +-+ +-+\n[\s\S]*celery +celery +celery\n/,
    );
    const settings = await run('report', '--json');
    expect(JSON.parse(settings.output).settings).toMatchObject({ task_default_queue: 'celery' });
    await bench.app.sendTask('w.add', [1, 1], { queue: 'kept' });
    expect((await run('purge', '-f', '-Q', 'nobody,kept,nobody', '-X', 'kept')).output).toBe(
      'Purged 1 message from 1 known task queue.\n',
    );
    expect([await bench.waiting('nobody'), await bench.waiting('kept')]).toEqual([0, 1]);
    const second = bench.launch('-P', 'async', '-n', 'second@box', '--pidfile', pidfile);
    expect(await second.ended()).toBe(73);
    expect(second.output).toContain("Seems we're already running? (pid: ");
    await run('control', 'shutdown');
    expect(await worker.ended()).toBe(0);
  }, 90_000);
});
