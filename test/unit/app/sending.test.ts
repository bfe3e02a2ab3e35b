import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery, UmbelError } from '../../../lib/index.ts';
import { type CeleryEvent, decodeEvents } from '../../../lib/protocol/event.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { MiniBench } from '../../kit/mini-bench.ts';
import { declareTasks } from './declared-tasks.ts';

let bench: MiniBench;
let app: Celery;

beforeAll(async () => {
  bench = await MiniBench.start({ queues: ['celery', 'other'] });
  app = bench.app;
  declareTasks(app);
});

afterAll(() => bench.stop());

describe('a task-sent event', () => {
  it('goes out for each call when it is switched on', async () => {
    const sender = new Celery(
      'sender',
      { broker: bench.redis.url(0), backend: bench.redis.url(1), task_send_sent_event: true },
      silentLogger,
    );
    const transport = await app.transport();
    const events: CeleryEvent[] = [];
    const subscription = await transport.subscribe('celeryev', '#', (message) => {
      events.push(...decodeEvents(message));
    });
    const result = await sender.sendTask('tasks.add', [1, 2], { queue: 'other', shadow: 'adding' });
    await expect.poll(() => events.length).toBe(1);
    expect(events[0]).toMatchObject({
      type: 'task-sent',
      uuid: result.id,
      root_id: result.id,
      parent_id: null,
      name: 'adding',
      args: '(1, 2)',
      kwargs: '{}',
      retries: 0,
      eta: null,
      expires: null,
      queue: 'other',
      exchange: '',
      routing_key: 'other',
      hostname: sender.origin,
    });
    await subscription.close();
    await sender.close();
  });
});

describe('a broker that is down', () => {
  it('makes a call fail with a line that says so', async () => {
    const lost = new Celery(
      'lost',
      { broker: 'redis://:secret@127.0.0.1:1/0', broker_connection_timeout: 0.2 },
      silentLogger,
    );
    const add = lost.task('tasks.add', (x: number, y: number) => x + y);
    const error = await add.applyAsync([1, 2], { retry: false }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UmbelError);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(String(error)).not.toContain('secret');
    await lost.close();
  });
});
