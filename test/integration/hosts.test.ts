import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, type Network, startNetwork } from '../kit/hosts.ts';
import type { TestProcess } from '../kit/process.ts';
import { type RabbitmqServer, startRabbitmq } from '../kit/rabbitmq-server.ts';

/* The steps of docs/scaling.md, on hosts that only a network joins. */

const APP = 'test/integration/hosts-app.mjs';
const PASSWORD = 'correct@horse/battery%staple';

describe.each(['Redis', 'RabbitMQ'])('several hosts on %s', { timeout: 120_000 }, (kind) => {
  let network: Network;
  let rabbitmq: RabbitmqServer | null = null;
  let env: Record<string, string>;
  const host = (name: string): Host => {
    const found = network.hosts.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`there is no host ${name}`);
    return found;
  };

  beforeAll(async () => {
    network = await startNetwork(['store', 'web-1', 'gpu-1', 'desk']);
    const store = host('store');
    const redis = store.start('redis-server', [
      ...['--port', '6379', '--bind', store.address, '--requirepass', PASSWORD],
      ...['--save', '', '--appendonly', 'no'],
    ]);
    await redis.waitFor(/Ready to accept connections/);
    const password = encodeURIComponent(PASSWORD);
    const url = `redis://:${password}@${store.address}:6379`;
    env = { CELERY_BROKER_URL: `${url}/0`, CELERY_RESULT_BACKEND: `${url}/1` };
    if (kind === 'Redis') return;
    rabbitmq = await startRabbitmq({ place: store });
    await rabbitmq.ctl('add_user', 'shop', PASSWORD);
    await rabbitmq.ctl('set_permissions', 'shop', '.*', '.*', '.*');
    env = { ...env, CELERY_BROKER_URL: `amqp://shop:${password}@${store.address}:${rabbitmq.port}//` };
  }, 120_000);

  afterAll(async () => {
    await network?.stop();
    await rabbitmq?.remove();
  }, 60_000);

  async function worker(name: string, ...args: string[]): Promise<TestProcess> {
    const started = host(name).umbel(['-A', APP, 'worker', '-l', 'info', '-P', 'async', ...args], env);
    await started.waitFor(/ ready\./, 40_000);
    return started;
  }

  /** `umbel …` on the desk. */
  const umbel = (...args: string[]): Promise<string> => host('desk').ask(['-A', APP, ...args], env);

  async function call(task: string, args: unknown[] = []): Promise<string> {
    return (await umbel('call', task, '-a', JSON.stringify(args))).trim();
  }

  async function resultOf(id: string): Promise<string> {
    return (await umbel('result', id)).trim();
  }

  let web: TestProcess;

  it('a worker on another host answers and works', async () => {
    web = await worker('web-1', '-c', '2');
    expect(await umbel('status')).toContain('celery@web-1: OK');
    expect(await resultOf(await call('web.where'))).toContain('web-1');
  });

  it('a route leads to the host that can do it', async () => {
    await worker('gpu-1', '-Q', 'gpu', '-c', '1');
    const [encoded, asked] = await Promise.all([call('video.encode'), call('web.where')]);
    expect(await resultOf(encoded)).toContain('gpu-1');
    expect(await resultOf(asked)).toContain('web-1');
  });

  it('one host gets more slots, another one more queue, while they run', async () => {
    await umbel('control', 'concurrency', '5', '-d', 'celery@web-1');
    await umbel('control', 'add_consumer', 'celery', '-d', 'celery@gpu-1');
    const stats = JSON.parse(await umbel('inspect', 'stats', '--json'));
    expect(stats['celery@web-1'].pool['max-concurrency']).toBe(5);
    expect(stats['celery@gpu-1'].pool['max-concurrency']).toBe(1);
    const queues = JSON.parse(await umbel('inspect', 'active_queues', '--json'));
    expect(queues['celery@gpu-1'].map(({ name }: { name: string }) => name).sort()).toEqual([
      'celery',
      'gpu',
    ]);
  });

  it('the dashboard on a third host sees them all', async () => {
    const desk = host('desk');
    const flower = desk.umbel(['flower', '--port', '5555', '--memory-only'], env);
    await flower.waitFor(/:5555/);
    const script = "fetch('http://127.0.0.1:5555/api/workers').then((r) => r.text()).then(console.log)";
    await expect
      .poll(
        async () => {
          const asked = desk.start(process.execPath, ['-e', script]);
          await asked.ended();
          return asked.output;
        },
        { timeout: 30_000, interval: 500 },
      )
      .toMatch(/celery@web-1[\s\S]*celery@gpu-1|celery@gpu-1[\s\S]*celery@web-1/);
    expect(flower.output).not.toContain('battery');
    await flower.stop();
  });

  it('a task of a host that is cut off runs on another, and the host comes back by itself', async () => {
    await umbel('control', 'cancel_consumer', 'celery', '-d', 'celery@gpu-1');
    const id = await call('web.slow', [4]);
    await web.waitFor(new RegExp(`web\\.slow\\[${id}\\] received`));
    host('web-1').unplug();
    await umbel('control', 'add_consumer', 'celery', '-d', 'celery@gpu-1');
    expect(await resultOf(id)).toContain('gpu-1');
    host('web-1').plugIn();
    await web.waitFor(/Connection to broker lost[\s\S]*Connected to (redis|amqp)/, 60_000);
    // What the lost host says of the task afterwards changes nothing.
    expect(await resultOf(id)).toContain('gpu-1');
    expect(await umbel('status')).toContain('celery@web-1: OK');
  });
});
