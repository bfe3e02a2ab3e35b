import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heldOn, resetConnections, restartBroker } from '../kit/rabbitmq-faults.ts';
import { startRabbitmq } from '../kit/rabbitmq-server.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { sharedRabbitmq, type Vhost } from '../kit/shared-rabbitmq.ts';
import { killWorkers } from '../kit/worker-kills.ts';

/* Lighter rounds of test/long/rabbitmq-faults.test.ts. */

describe('faults on RabbitMQ', () => {
  let vhost: Vhost;
  let redis: RedisServer;

  beforeAll(async () => {
    [vhost, redis] = [await sharedRabbitmq(), await startRedis()];
  }, 120_000);
  afterAll(async () => {
    await redis.stop();
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

  test('a broker killed and started again under load loses no task, and is consumed from at once', async () => {
    const server = await startRabbitmq();
    try {
      const result = await restartBroker({ server, redis, restarts: 1, tasksPerRestart: 200 });
      expect(result.accepted).toBe(200);
      expect(result.lost).toEqual([]);
      expect(Math.max(...result.recoveriesMs)).toBeLessThan(10_000);
    } finally {
      await server.remove();
    }
  }, 180_000);
});
