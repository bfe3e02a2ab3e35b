import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundByLoad } from '../kit/load.ts';
import { heldOn, resetConnections, restartBroker } from '../kit/rabbitmq-faults.ts';
import { startRabbitmq } from '../kit/rabbitmq-server.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { sharedRabbitmq, type Vhost } from '../kit/shared-rabbitmq.ts';
import { killWorkers } from '../kit/worker-kills.ts';

describe('faults on RabbitMQ, at their full counts', () => {
  let vhost: Vhost;
  let redis: RedisServer;

  beforeAll(async () => {
    [vhost, redis] = [await sharedRabbitmq(), await startRedis()];
  }, 120_000);
  afterAll(async () => {
    await redis.stop();
    await vhost.remove();
  });

  test('20 SIGKILLs of workers lose none of 2,000 late-ack tasks, and all are done within 2 s of the last', async () => {
    const result = await killWorkers({
      broker: vhost.url,
      backend: redis.url(),
      held: heldOn(vhost),
      tasks: 2000,
      kills: 20,
      lease: 2,
    });
    process.stdout.write(
      `${result.doubled.length} doubled, recovered after ${result.recoverySeconds.toFixed(1)} s\n`,
    );
    expect(result.accepted).toBe(2000);
    expect(result.lost).toEqual([]);
    expect(result.doubled.length).toBeLessThanOrEqual(boundByLoad(20, 60));
    expect(result.recoverySeconds).toBeLessThan(2);
  });

  test('200 resets of the connection lose none of 10,000 tasks', async () => {
    const result = await resetConnections({ vhost, redis, tasks: 10_000, resets: 200 });
    process.stdout.write(`${result.doubled.length} doubled\n`);
    expect(result.accepted).toBe(10_000);
    expect(result.lost).toEqual([]);
  });

  test('a broker killed 10 times under load loses no task, and is consumed from within 5 s of each return', async () => {
    const server = await startRabbitmq();
    try {
      const result = await restartBroker({ server, redis, restarts: 10, tasksPerRestart: 300 });
      process.stdout.write(`consumed again after ${result.recoveriesMs.map(Math.round).join(', ')} ms\n`);
      expect(result.accepted).toBe(3000);
      expect(result.lost).toEqual([]);
      expect(Math.max(...result.recoveriesMs)).toBeLessThan(5_000);
    } finally {
      await server.remove();
    }
  });
});
