import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import type { Delivery } from '../../lib/transport/transport.ts';
import { createLogger, silentLogger } from '../../lib/util/logger.ts';
import { taskMessage } from '../kit/messages.ts';
import { heldOn, resetConnections, restartBroker } from '../kit/rabbitmq-faults.ts';
import { type RabbitmqServer, startRabbitmq } from '../kit/rabbitmq-server.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { sharedRabbitmq, type Vhost } from '../kit/shared-rabbitmq.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { killWorkers } from '../kit/worker-kills.ts';

/* Lighter rounds of test/long/rabbitmq-faults.test.ts. */

describe('faults on RabbitMQ', () => {
  let vhost: Vhost;
  let redis: RedisServer;
  /** One that may be broken. */
  let server: RabbitmqServer;

  beforeAll(async () => {
    [vhost, redis, server] = await Promise.all([sharedRabbitmq(), startRedis(), startRabbitmq()]);
  }, 120_000);
  afterAll(async () => {
    await redis.stop();
    await server.remove();
    await vhost.remove();
  });

  test('4 SIGKILLs of workers lose none of 400 late-ack tasks', async () => {
    const result = await killWorkers({
      broker: vhost.url,
      backend: redis.url(),
      held: heldOn(vhost),
      tasks: 400,
      kills: 4,
      lease: 2,
    });
    expect(result.accepted).toBe(400);
    expect(result.lost).toEqual([]);
    expect(result.rerun.length).toBeGreaterThan(0);
    // For each kill at most the two that ran and the two that had just ended.
    expect(result.doubled.length).toBeLessThanOrEqual(16);
    // The broker gives them to another at once.
    expect(result.recoverySeconds).toBeLessThan(5);
  }, 120_000);

  test('20 resets of the connection lose none of 600 tasks', async () => {
    const result = await resetConnections({ vhost, redis, tasks: 600, resets: 20 });
    expect(result.accepted).toBe(600);
    expect(result.lost).toEqual([]);
  }, 180_000);

  test('while the broker takes no messages, sending waits, says so, and acks go on', async () => {
    const lines: string[] = [];
    const transport = openTransport(server.url(), {
      logger: createLogger({ write: (line) => lines.push(line) }),
      connectionTimeoutMs: 500,
      transportOptions: { retry_policy: { max_retries: 0 } },
    });
    await transport.start();
    const got: Delivery[] = [];
    const consumer = transport.createConsumer({
      queues: [{ name: 'blocked' }],
      prefetch: 1,
      onDeliveries: (deliveries) => got.push(...deliveries),
    });
    await consumer.start();
    const send = (id: string): Promise<void> =>
      transport.publish({ exchange: '', routingKey: 'blocked', queue: { name: 'blocked' } }, taskMessage(id));
    await Promise.all([send('first'), send('second')]);
    await waitUntil('it has come', () => got.length === 1);
    await server.ctl('set_vm_memory_high_watermark', 'absolute', '1');
    let isSent = false;
    // The broker says so when it is sent something.
    const sending = Promise.allSettled([send('third'), send('fourth')]).then((ends) => {
      isSent = true;
      return ends;
    });
    await waitUntil('it says so', () => lines.some((line) => /takes no messages for now/.test(line)), 10_000);
    consumer.ack(got[0]?.tag ?? '');
    await waitUntil('the next has come', () => got.length === 2);
    consumer.ack(got[1]?.tag ?? '');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(isSent).toBe(false);
    await server.ctl('set_vm_memory_high_watermark', 'absolute', '1GB');
    expect((await sending).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    await waitUntil('what waited has come', () => got.length === 3, 10_000);
    expect(lines.at(-1)).toMatch(/takes messages again/);
    await transport.stop();
  }, 90_000);

  test('a message held for longer than the consumer timeout comes again, on another channel', async () => {
    const set = (ms: number, tickMs: number) =>
      server.ctl(
        'eval',
        `application:set_env(rabbit, consumer_timeout, ${ms}), application:set_env(rabbit, channel_tick_interval, ${tickMs}).`,
      );
    await set(1_000, 200);
    // From 4.3 on classic queues have no such limit.
    const queue = { name: 'slow', arguments: { 'x-queue-type': 'quorum' } };
    const states: string[] = [];
    const transport = openTransport(server.url(), { logger: silentLogger });
    await transport.start();
    const got: Delivery[] = [];
    let takenBack = 0;
    const consumer = transport.createConsumer({
      queues: [queue],
      prefetch: 1,
      onConnection: (state, reason) => states.push(`${state} ${reason ?? ''}`),
      onDeliveries: (deliveries) => got.push(...deliveries),
      onTakenBack: () => {
        takenBack += 1;
      },
    });
    await consumer.start();
    await transport.publish({ exchange: '', routingKey: 'slow', queue }, taskMessage('a'));
    await waitUntil('it has come again', () => got.length === 2, 30_000);
    await set(1_800_000, 60_000);
    expect(takenBack).toBeGreaterThanOrEqual(1);
    expect(got[1]?.message.properties.delivery_info?.redelivered).toBe(true);
    // Up to 4.2 the broker closes the channel, later it ends the consumer.
    expect(states[0]).toMatch(
      /^interrupted (PRECONDITION_FAILED - .*timed out|.*stopped handing out slow: .*held for too long)/,
    );
    // The old tag means nothing on the new channel.
    consumer.ack(got[0]?.tag ?? '');
    expect(consumer.owns(got[0]?.tag ?? '')).toBe(false);
    await transport.stop();
  }, 90_000);

  test('a broker killed and started again under load loses no task, and is consumed from at once', async () => {
    const result = await restartBroker({ server, redis, restarts: 1, tasksPerRestart: 200 });
    expect(result.accepted).toBe(200);
    expect(result.lost).toEqual([]);
    expect(Math.max(...result.recoveriesMs)).toBeLessThan(10_000);
  }, 180_000);
});
