import { expect, test } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import type { Delivery } from '../../lib/transport/transport.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { taskMessage } from '../kit/messages.ts';
import { SERVERS } from '../kit/servers.ts';

const ROUNDS = 500;

test.each(SERVERS)('500 stops of a consumer while messages arrive lose none on $name', async ({ start }) => {
  const server = await start();
  const transport = openTransport(server.url(), { logger: silentLogger });
  await transport.start();
  let seed = 7;
  let taken = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const held: Delivery[] = [];
    const consumer = transport.createConsumer({
      queues: [{ name: 'pause' }],
      prefetch: 4,
      onDeliveries: (deliveries) => held.push(...deliveries),
    });
    await consumer.start();
    const published = transport.publish({ exchange: '', routingKey: 'pause' }, taskMessage(`m${round}`));
    // At a different point of the fetch each time.
    seed = (seed * 16_807) % 2_147_483_647;
    for (let step = seed % 8; step > 0; step -= 1) await new Promise((resolve) => setImmediate(resolve));
    await consumer.pause();
    for (const { tag } of held) consumer.release(tag);
    taken += held.length;
    await consumer.flush();
    await consumer.stop();
    await published;
  }
  const [sample] = await transport.sampleQueues(['pause']);
  expect(sample?.messages).toBe(ROUNDS);
  // Some of the stops came before the message, some after.
  expect(taken).toBeGreaterThan(0);
  await transport.stop();
  await server.stop();
});
