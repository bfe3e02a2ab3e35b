import { expect, test } from 'vitest';
import type { WireMessage } from '../../../lib/protocol/wire.ts';
import { Deliveries } from '../../../lib/transport/amqp/deliveries.ts';

const QUEUE = { name: 'q' };
const MESSAGE: WireMessage = {
  headers: {},
  properties: { delivery_info: { exchange: '', routing_key: 'q' } },
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  body: '',
};

test('what old consumers brought leaves the count of the new ones alone when it is settled', () => {
  const deliveries = new Deliveries();
  for (const number of [1, 2, 3, 4]) deliveries.add(number, QUEUE, MESSAGE);
  expect(deliveries.counted).toBe(4);
  deliveries.beginCount();
  expect(deliveries.counted).toBe(0);
  for (const number of [5, 6, 7, 8]) deliveries.add(number, QUEUE, MESSAGE);
  for (const number of [3, 4]) deliveries.close(number);
  expect(deliveries.counted).toBe(4);
  deliveries.close(5);
  expect(deliveries.counted).toBe(3);
});

test('a new channel counts its delivery tags from the first', () => {
  const deliveries = new Deliveries();
  deliveries.add(100, QUEUE, MESSAGE);
  deliveries.beginCount();
  deliveries.reset();
  deliveries.add(1, QUEUE, MESSAGE);
  deliveries.close(1);
  expect(deliveries.counted).toBe(0);
});
