import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
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

  test('a wrong password and a missing vhost are one line each', async () => {
    const start = async (url: string) => {
      const child = umbel(['-A', APP, 'worker', '-P', 'solo'], {
        env: { CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: 'rpc://' },
      });
      const code = await child.ended(30_000);
      return { code, output: child.output };
    };
    const wrong = await start(vhost.url.replace('guest:guest@', 'guest:hunter2@'));
    expect(wrong.code).toBe(1);
    expect(wrong.output).toMatch(/refuses the login of the user "guest"\. Check the name and the password/);
    expect(wrong.output).not.toMatch(/hunter2|\n\s+at /);
    const missing = await start(vhost.url.replace(vhost.name, 'nowhere'));
    expect(missing.code).toBe(1);
    expect(missing.output).toMatch(/has no vhost "nowhere"/);
  }, 90_000);
});
