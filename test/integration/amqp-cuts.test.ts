import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLink } from '../../lib/amqp/connect.ts';
import { decodeTable } from '../../lib/amqp/table.ts';
import { parseAmqpUrls } from '../../lib/amqp/url.ts';
import { CuttingProxy } from '../kit/cutting-proxy.ts';
import { randomOf } from '../kit/random.ts';
import { sharedRabbitmq, type Vhost } from '../kit/shared-rabbitmq.ts';

/*
 * What RabbitMQ sends, in pieces of any size and cut off anywhere, with the numbers beyond 32 bits that amqplib alone
 * cannot read: the reader gives the value, or a lost connection, and never anything else.
 */

const SEEDS = 1000;
const BIG = 2 ** 40;
const HEADERS = {
  L: 'LLLL',
  big: { '!': 'long', value: BIG },
  in: { list: ['L', { '!': 'long', value: -1 }] },
};
const EXPECTED = { L: 'LLLL', big: BIG, in: { list: ['L', -1] } };

let vhost: Vhost;
let proxy: CuttingProxy;

beforeAll(async () => {
  vhost = await sharedRabbitmq();
  // The tag `l` of a long becomes Python's `L`.
  const rewrite = (data: Buffer): Buffer =>
    Buffer.from(data.toString('latin1').replaceAll('bigl', 'bigL'), 'latin1');
  proxy = await CuttingProxy.start({ port: vhost.port, pieceBytes: 80, rewrite });
}, 120_000);

afterAll(async () => {
  proxy?.stop();
  await vhost?.remove();
});

test(`${SEEDS} seeds: the value, or a lost connection`, { timeout: 180_000 }, async () => {
  const [address] = parseAmqpUrls(vhost.url.replace(`:${vhost.port}/`, `:${proxy.port}/`));
  if (!address) throw new Error('no address');
  const open = async () => {
    proxy.budget = null;
    const link = await openLink({
      address,
      name: 'test',
      heartbeat: 0,
      timeoutMs: 20_000,
      useSsl: false,
      loginMethod: null,
    });
    // A cut connection ends with an error: it is seen by who waits for the value.
    link.model.on('error', () => {});
    const channel = await link.model.createChannel();
    channel.on('error', () => {});
    const closed = new Promise<'lost'>((resolve) => link.model.on('close', () => resolve('lost')));
    return { link, channel, closed };
  };
  let { link, channel, closed } = await open();
  await channel.assertQueue('cuts', { durable: true });
  let lost = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = randomOf(seed);
    proxy.random = random;
    const body = Buffer.from('ü\xceL\x00'.repeat(random.below(100)) + seed);
    channel.sendToQueue('cuts', body, { headers: HEADERS });
    if (seed % 10 === 0) proxy.budget = 1 + random.below(60 + body.length);
    const message = await Promise.race([
      channel.get('cuts', { noAck: true }).catch(() => 'lost' as const),
      closed,
    ]);
    if (message === 'lost') {
      lost += 1;
      link.destroy();
      ({ link, channel, closed } = await open());
      await channel.purgeQueue('cuts');
      continue;
    }
    if (message === false) throw new Error(`seed ${seed}: the queue was empty`);
    expect(message.content.equals(body), `body of seed ${seed}`).toBe(true);
    expect({ ...decodeTable(message.properties.headers ?? {}) }, `headers of seed ${seed}`).toEqual(EXPECTED);
  }
  link.destroy();
  expect(lost).toBe(SEEDS / 10);
});
