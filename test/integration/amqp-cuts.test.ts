import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLink } from '../../lib/amqp/connect.ts';
import { decodeTable } from '../../lib/amqp/table.ts';
import { parseAmqpUrls } from '../../lib/amqp/url.ts';
import { type Random, randomOf } from '../kit/random.ts';
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
let proxy: Server;
let random: Random;
/** Bytes until the connection is cut; null: never. */
let budget: number | null = null;
const sockets = new Set<Socket>();

/** Passes bytes on in pieces, until the budget is used up; the tag `l` of a long becomes Python's `L`. */
async function passOn(to: Socket, data: Buffer): Promise<void> {
  const python = Buffer.from(data.toString('latin1').replaceAll('bigl', 'bigL'), 'latin1');
  for (let at = 0; at < python.length && !to.destroyed; ) {
    const length = Math.min(1 + random.below(80), python.length - at, budget ?? python.length);
    to.write(python.subarray(at, at + length));
    at += length;
    if (budget !== null) {
      budget -= length;
      if (budget <= 0) to.destroy();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

beforeAll(async () => {
  vhost = await sharedRabbitmq();
  proxy = createServer((client) => {
    const upstream = connect(vhost.port, '127.0.0.1');
    let passing = Promise.resolve();
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      // The other end is gone: that is what is tested.
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      passing = passing.then(() => passOn(client, data));
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
}, 120_000);

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  proxy?.close();
  await vhost?.remove();
});

test(`${SEEDS} seeds: the value, or a lost connection`, { timeout: 180_000 }, async () => {
  const { port } = proxy.address() as AddressInfo;
  const [address] = parseAmqpUrls(vhost.url.replace(`:${vhost.port}/`, `:${port}/`));
  if (!address) throw new Error('no address');
  const open = async () => {
    budget = null;
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
  random = randomOf(1);
  let { link, channel, closed } = await open();
  await channel.assertQueue('cuts', { durable: false });
  let lost = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    random = randomOf(seed);
    const body = Buffer.from('ü\xceL\x00'.repeat(random.below(100)) + seed);
    channel.sendToQueue('cuts', body, { headers: HEADERS });
    if (seed % 10 === 0) budget = 1 + random.below(60 + body.length);
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
