import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { ROUTES } from '../../server/api/routes.ts';
import { BROKERS, type TestBroker } from '../kit/brokers.ts';
import { type Answered, startDashboard, type TestDashboard } from '../kit/dashboard.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';

/* While the broker is away every call is answered, and none as if the dashboard itself had failed. */

const QUERY = '?refresh=1&queue=q&n=1&min=1&max=2&ratelimit=1&soft=1&workername=x&timeout=1';

describe.each(BROKERS)('the API without its $name', (factory) => {
  let broker: TestBroker;
  let proxy: FaultProxy;
  let flower: TestDashboard;

  beforeAll(async () => {
    broker = await factory.start();
    proxy = new FaultProxy(broker.port);
    await proxy.start();
    flower = await startDashboard({ broker: broker.url(proxy.port) });
    // So that there are a queue and a task to ask for.
    const app = new Celery('client', { broker: broker.url(), backend: 'disabled://' });
    await app.sendTask('x', [], { queue: 'x' });
    await app.close();
    const sent = await flower.post('/api/task/send-task/x', { task_id: 'x', queue: 'x' });
    expect(sent.status).toBe(200);
    await flower.until('/api/task/info/x', ({ status }) => status === 200);
  }, 60_000);
  afterAll(async () => {
    await flower?.stop();
    await proxy?.stop();
    await broker?.stop();
  }, 60_000);

  it('answers everything, in bounded time', async () => {
    await proxy.stop();
    await flower.until('/api/v1/status', ({ json }) => Object(json).isConnected === false);
    // It tells whether the dashboard is alive: one that waits for its broker must not be started again.
    expect(await flower.get('/healthcheck')).toMatchObject({ status: 200, text: 'OK' });
    const answers = await Promise.all(
      ROUTES.map(async ({ method, path }): Promise<[string, Answered]> => {
        const target = path.replace(/:\w+/g, 'x') + QUERY;
        return [
          `${method} ${target}`,
          await (method === 'GET' ? flower.get(target) : flower.post(target, {})),
        ];
      }),
    );
    for (const [what, { status, json, text }] of answers) {
      expect([200, 202, 400, 404, 409, 503, 504], `${what}: ${status} ${text}`).toContain(status);
      expect(json, what).toBeInstanceOf(Object);
    }
    expect(answers.filter(([, { status }]) => status === 503).length).toBeGreaterThanOrEqual(2);
  }, 60_000);
});
