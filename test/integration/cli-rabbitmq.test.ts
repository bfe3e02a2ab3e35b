import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { freePort } from '../kit/free-port.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { sharedRabbitmq, type Vhost } from '../kit/shared-rabbitmq.ts';

/* The command line against RabbitMQ, as a user types it. */

const APP = 'test/integration/worker-app.ts';

describe('the command line on RabbitMQ', () => {
  let vhost: Vhost;
  let worker: TestProcess;
  let app: Celery;

  const run = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
    const child = umbel(args, { env: { CELERY_BROKER_URL: vhost.url, CELERY_RESULT_BACKEND: 'rpc://' } });
    const code = await child.ended(30_000);
    return { code, output: child.output };
  };

  beforeAll(async () => {
    vhost = await sharedRabbitmq();
    worker = umbel(['-A', APP, 'worker', '-l', 'info', '-P', 'async', '-n', 'w1@rabbit', '-Q', 'celery'], {
      env: { CELERY_BROKER_URL: vhost.url, CELERY_RESULT_BACKEND: 'rpc://' },
    });
    await worker.waitFor(/ready\./, 60_000);
    app = new Celery('client', { broker: vhost.url, backend: 'rpc://' }, silentLogger);
  }, 120_000);
  afterAll(async () => {
    await app.close();
    await worker.stop();
    await vhost.remove();
  }, 60_000);

  test('status, inspect and control find the worker', async () => {
    expect((await run('status')).output).toMatch(/w1@rabbit:\s+OK/);
    expect((await run('inspect', 'active_queues')).output).toMatch(/celery/);
    expect((await run('control', 'add_consumer', 'late')).output).toMatch(/add consumer late/);
    await worker.waitFor(/late/);
    expect(await run('list', 'bindings')).toEqual({
      code: 2,
      output: expect.stringMatching(/^Error: amqp:\S+ does not tell its bindings to clients\.\n$/),
    });
  }, 60_000);

  test('the dashboard takes an app whose results only their sender can read', async () => {
    const flower = umbel(['-A', APP, 'flower', '--port', '0', '--memory-only'], {
      env: { CELERY_BROKER_URL: vhost.url, CELERY_RESULT_BACKEND: 'rpc://' },
    });
    await flower.waitFor(/Dashboard\s+(\S+)/);
    const url = /Dashboard\s+(\S+)/.exec(flower.output)?.[1] ?? '';
    await expect
      .poll(async () => (await fetch(`${url}api/workers`)).text(), { timeout: 30_000 })
      .toContain('w1@rabbit');
    expect(await flower.stop()).toBe(0);
    expect(flower.output).not.toContain('guest:guest');
  }, 60_000);

  test('purge deletes what waits, and says how much', async () => {
    await Promise.all(['a', 'b', 'c'].map((id) => app.sendTask('no.matter', [id], { queue: 'unread' })));
    const { code, output } = await run('-A', APP, 'purge', '-f', '-Q', 'unread');
    expect(output).toMatch(/3 messages/);
    expect(code).toBe(0);
  }, 60_000);

  describe.each([
    [
      'a wrong password',
      (url: string) => url.replace('guest:guest@', 'guest:hunter2@'),
      /refuses the login of the user "guest"\. Check the name and the password in the URL\.( Next try in 1 s\.)?$/m,
    ],
    [
      'a missing vhost',
      (url: string) => url.replace(vhost.name, 'nowhere'),
      /has no vhost "nowhere", or the user "guest" may not use it, or .*\. Check the URL, or see rabbitmqctl/,
    ],
  ])('%s is one line', (_name, change, line) => {
    test.each([
      ['worker', ['worker', '-P', 'solo']],
      ['call', ['call', 'w.add', '-a', '[1, 2]']],
      ['status', ['status']],
      ['dashboard', ['flower', '--port', '0', '--memory-only']],
    ])(
      '%s',
      async (name, args) => {
        const child = umbel(['-A', APP, ...args], {
          env: { CELERY_BROKER_URL: change(vhost.url), CELERY_RESULT_BACKEND: 'rpc://' },
        });
        await child.waitFor(line, 30_000).catch(async (error: unknown) => {
          // What ends at once may have ended before its output was read.
          await child.ended();
          if (!line.test(child.output)) throw error;
        });
        // The dashboard stays: it shows what it knows, and tries again.
        expect(name === 'dashboard' ? await child.stop() : await child.ended(30_000)).toBe(
          name === 'dashboard' ? 0 : 1,
        );
        expect(child.output).not.toMatch(/hunter2|guest:guest|\n\s+at /);
      },
      60_000,
    );
  });

  test('a queue that exists with other arguments is one line', async () => {
    const odd = { name: 'odd', arguments: { 'x-max-priority': 5 } };
    const maker = new Celery('maker', { broker: vhost.url, task_queues: [odd] }, silentLogger);
    await maker.sendTask('no.matter', [], { queue: 'odd' });
    await maker.close();
    const line =
      /refused to declare the queue "odd": PRECONDITION_FAILED - inequivalent arg 'x-max-priority' for queue 'odd'.*Say in task_queues what it has, or delete it\.( Trying again in 5 s\.)?$/m;
    for (const args of [
      ['worker', '-P', 'solo', '-Q', 'odd'],
      ['call', 'w.add', '-a', '[1, 2]', '--queue', 'odd'],
    ]) {
      const { code, output } = await run('-A', APP, ...args);
      expect(output).toMatch(line);
      expect(output).not.toMatch(/\n\s+at /);
      expect(code).toBe(1);
    }
    // A running worker says so, and goes on.
    await run('control', 'add_consumer', 'odd');
    await worker.waitFor(line);
    expect((await run('status')).output).toMatch(/w1@rabbit:\s+OK/);
  }, 90_000);

  test('a dashboard whose broker URL is no use ends, and says why', async () => {
    const child = umbel(['flower', '--port', '0', '--memory-only'], {
      env: { CELERY_BROKER_URL: 'amqp://h:70000/' },
    });
    expect(await child.ended(30_000)).toBe(1);
    expect(child.output).toMatch(/^Error: The URL amqp:\/\/h:70000\/ is no use: there is no port 70000\.$/m);
  }, 60_000);

  test.each(['amqp', 'pyamqp', 'failover list'])(
    'a password of hard characters in %s',
    async (form) => {
      const password = 'p@s/s%;?#:ü';
      await vhost.request('PUT', 'users/ada', { password, tags: '' });
      await vhost.request('PUT', `permissions/${vhost.name}/ada`, {
        configure: '.*',
        write: '.*',
        read: '.*',
      });
      const good = vhost.url.replace('guest:guest@', `ada:${encodeURIComponent(password)}@`);
      const dead = `amqp://ada:${encodeURIComponent(password)}@127.0.0.1:${await freePort()}//`;
      const url = { amqp: good, pyamqp: good.replace('amqp:', 'pyamqp:') }[form] ?? `${dead};${good}`;
      const child = umbel(['-A', APP, 'status'], {
        env: { CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: 'rpc://' },
      });
      expect(await child.ended(30_000)).toBe(0);
      expect(child.output).toMatch(/w1@rabbit:\s+OK/);
      expect(child.output).not.toMatch(/p@s|p%40s/);
    },
    60_000,
  );
});
