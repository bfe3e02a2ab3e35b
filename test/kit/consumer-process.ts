import { openTransport } from '../../lib/transport/open.ts';
import type { Delivery } from '../../lib/transport/transport.ts';
import { createLogger } from '../../lib/util/logger.ts';
import { idOf } from './messages.ts';

/*
 * A worker reduced to its transport, to be killed: `node consumer-process.ts <url> <lease> [hold]`. Ten messages run
 * at once for about 20 ms each, then it says `done <id>` and acks the message. With `hold` it only keeps what it takes and
 * says `took <number>`. Says `ready` once it consumes. Writes to a pipe are synchronous, so what it said has happened.
 */

const [url = '', lease = '2', mode = 'run'] = process.argv.slice(2);
const transport = openTransport(url, {
  logger: createLogger({ level: 'ERROR' }),
  transportOptions: { lease: Number(lease) },
});
const waiting: Delivery[] = [];
let running = 0;

const consumer = transport.createConsumer({
  queues: [{ name: 'celery' }, { name: 'mail' }],
  prefetch: 20,
  onDeliveries: (deliveries) => {
    waiting.push(...deliveries);
    if (mode === 'hold') process.stdout.write(`took ${deliveries.length}\n`);
    else fill();
  },
});

function fill(): void {
  while (running < 10) {
    const delivery = waiting.shift();
    if (!delivery) return;
    running += 1;
    void run(delivery);
  }
}

async function run(delivery: Delivery): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 20));
  process.stdout.write(`done ${idOf(delivery)}\n`);
  consumer.ack(delivery.tag);
  running -= 1;
  fill();
}

await transport.start();
await consumer.start();
process.stdout.write('ready\n');
