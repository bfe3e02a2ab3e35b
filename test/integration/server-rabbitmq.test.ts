import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/app/celery.ts';
import { transportOptionsOf } from '../../lib/app/connection-options.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { type Answered, startDashboard, type TestDashboard } from '../kit/dashboard.ts';
import type { TestProcess } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { sharedRabbitmq, type Vhost } from '../kit/shared-rabbitmq.ts';
import { consume, send } from '../kit/transports.ts';

/* The dashboard on RabbitMQ, with a stock Python worker: what Flower is used for there, and more. */

const WORKER = 'alpha@host1';

let vhost: Vhost;
let urls: PythonUrls;
let worker: TestProcess;

beforeAll(async () => {
  vhost = await sharedRabbitmq();
  urls = { broker: vhost.url, backend: 'rpc://' };
  worker = await pythonWorker(urls, ['-n', WORKER, '-E']);
}, 120_000);

afterAll(async () => {
  await worker?.stop();
  await vhost?.remove();
});

const sendFromPython = (call: string): Promise<unknown> => python(urls, `${call}.id`);

function lengths({ json }: Answered): Record<string, number> {
  const { active_queues: queues } = json as { active_queues: { name: string; messages: number }[] };
  return Object.fromEntries(queues.map(({ name, messages }) => [name, messages]));
}

describe.each([
  ['with the management API', true],
  ['without it', false],
])('the dashboard on RabbitMQ, %s', (_name, isManaged) => {
  let flower: TestDashboard;

  beforeAll(async () => {
    // AMQP cannot list queues: those of the app are known all the same.
    const known = isManaged ? { brokerApi: vhost.managementUrl } : { queues: ['orphan-asked'] };
    flower = await startDashboard({ broker: vhost.url, memoryOnly: true, ...known });
    await flower.until('/api/workers', ({ text }) => text.includes(WORKER) && text.includes('active_queues'));
  }, 60_000);

  afterAll(async () => {
    await flower?.stop();
  });

  it('follows tasks by their events', async () => {
    const id = await sendFromPython('add.delay(3, 4)');
    const { json } = await flower.until(`/api/task/info/${id}`, ({ text }) => text.includes('SUCCESS'));
    expect(json).toMatchObject({ name: 'py.add', args: '(3, 4)', result: '7', worker: WORKER });
  });

  it('steers the worker, and says what it answered', async () => {
    for (const [order, told] of [
      ['grow', 'Growing'],
      ['shrink', 'Shrinking'],
    ]) {
      const { text } = await flower.post(`/api/worker/pool/${order}/${WORKER}?n=1`);
      expect(text).toContain(`${told} '${WORKER}' worker's pool by 1`);
    }
  });

  it('measures queues, those that nobody consumes too, and purges them', async () => {
    const queue = `orphan-${isManaged ? 'managed' : 'asked'}`;
    await sendFromPython(`[add.apply_async((1, i), queue='${queue}') for i in range(3)][-1]`);
    await flower.until('/api/queues/length', (answer) => (lengths(answer)[queue] ?? 0) > 0, 30_000);
    const purged = await flower.post(`/api/v1/queues/${queue}/purge`);
    expect(purged.status).toBe(200);
    expect(purged.json).toMatchObject({ queue });
    expect(Object(purged.json).deleted).toBeGreaterThan(0);
    await flower.until('/api/queues/length', (answer) => lengths(answer)[queue] === 0);
  }, 60_000);

  it('tells what the broker counts, also of consumers that are no workers', async () => {
    const name = `steady-${isManaged ? 'managed' : 'asked'}`;
    const app = new Celery('other', { broker: vhost.url }, silentLogger);
    const transport = await app.transport();
    const { consumer } = await consume(transport, [{ name }], {
      prefetch: 2,
      onDeliveries: (deliveries) => {
        // The first two stay unacked, so that no more come.
        if (!isManaged) return;
        for (const { tag } of deliveries) consumer.ack(tag);
      },
    });
    const row = () => {
      flower.dashboard.collector.monitor.queues.see(name, Date.now() / 1000);
      return flower.dashboard.collector.monitor.queues
        .rows(Date.now() / 1000)
        .find((one) => one.name === name);
    };
    let isOver = false;
    const sending = (async () => {
      for (let sent = 0; !isOver; sent += 1) {
        if (isManaged || sent < 5) await send(transport, { name }, `m${sent}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    try {
      if (isManaged) {
        // It neither grows nor shrinks, and nobody sends events: only the broker knows of the traffic.
        await expect
          .poll(() => Math.min(row()?.inPerSecond ?? 0, row()?.outPerSecond ?? 0), { timeout: 20_000 })
          .toBeGreaterThan(5);
        // It goes on like that.
        for (let look = 0; look < 8; look += 1) {
          await new Promise((resolve) => setTimeout(resolve, 500));
          expect(Math.min(row()?.inPerSecond ?? 0, row()?.outPerSecond ?? 0)).toBeGreaterThan(5);
        }
        expect(row()).toMatchObject({ unacked: expect.any(Number) });
      } else {
        await expect.poll(() => row()?.messages, { timeout: 20_000 }).toBe(3);
        expect(row()).toMatchObject({ unacked: null });
      }
      expect(row()).toMatchObject({ consumers: [], unnamedConsumers: 1, abandonedSince: null });
    } finally {
      isOver = true;
      await sending;
      await app.close();
    }
  }, 60_000);

  it('shows neither the password of the broker nor that of its API', async () => {
    for (const path of ['/api/v1/status', '/api/workers']) {
      expect((await flower.get(path)).text).not.toContain('guest:guest');
    }
  });
});

it('listens where the settings say that events are', async () => {
  const app = new Celery(
    'own',
    { broker: vhost.url, event_exchange: 'ownev', event_queue_prefix: 'evq', task_send_sent_event: true },
    silentLogger,
  );
  const flower = await startDashboard({
    broker: vhost.url,
    brokerOptions: transportOptionsOf(app.conf),
    memoryOnly: true,
  });
  try {
    const { id } = await app.sendTask('own.task', [1], { queue: 'nobody' });
    const { json } = await flower.until(`/api/task/info/${id}`, ({ status }) => status === 200);
    expect(json).toMatchObject({ name: 'own.task', uuid: id });
  } finally {
    await flower.stop();
    await app.close();
  }
}, 60_000);
