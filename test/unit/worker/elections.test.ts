import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CeleryEvent } from '../../../lib/protocol/event.ts';
import { LamportClock } from '../../../lib/util/clock.ts';
import { createLogger } from '../../../lib/util/logger.ts';
import { Elections } from '../../../lib/worker/elections.ts';

const PEERS = ['py1@test', 'py2@test', 'ts2@test'];
const acted: unknown[] = [];
const log: string[] = [];
let clock: LamportClock;
let elections: Elections;
/** What the worker has sent; it comes back to it when a test says so. */
let sent: CeleryEvent[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  acted.length = 0;
  log.length = 0;
  sent = [];
  clock = new LamportClock();
  elections = new Elections({
    hostname: 'ts1@test',
    clock,
    send: (type, fields) => sent.push({ ...event(type, 'ts1@test', clock.forward()), ...fields }),
    actions: { note: (action) => void acted.push(action) },
    logger: createLogger({ level: 'INFO', write: (line) => void log.push(line) }),
  });
});
afterEach(() => void vi.useRealTimers());

function event(type: string, hostname: string, at: number): CeleryEvent {
  return { type, hostname, pid: process.pid, clock: at, timestamp: 0, utcoffset: 0, id: 'e', topic: 'note' };
}
function elect(hostname: string, at: number): void {
  elections.onElect(event('worker-elect', hostname, at));
}
function acks(...hostnames: string[]): void {
  for (const hostname of hostnames) elections.onAck(event('worker-elect-ack', hostname, 1), PEERS);
}
/** Our candidacy as the others hear it. */
function candidacy(): CeleryEvent {
  const found = sent.find(({ type }) => type === 'worker-elect');
  if (found === undefined) throw new Error('We do not stand.');
  return found;
}

test('one of ours wins over a worker of Celery with a lower clock, which may have concluded without itself', () => {
  for (let tick = 0; tick < 100; tick += 1) clock.forward();
  elections.stand('e', 'note', 'act');
  elections.onElect(candidacy());
  acks('ts1@test', 'ts2@test', 'py2@test');
  elect('py1@test', 1);
  expect(acted).toEqual([]);
  acks('py1@test');
  expect(acted).toEqual(['act']);
  expect(candidacy().clock).toBeLessThan(0);
});

test('what workers of Celery can have decided before they heard one of us is theirs', () => {
  elect('py1@test', 7);
  elect('py2@test', 8);
  acks('py1@test', 'py1@test', 'py2@test');
  elections.stand('e', 'note', 'act');
  elections.onElect(candidacy());
  acks('py2@test', 'ts2@test', 'ts1@test');
  expect(log.join('')).toMatch(/node py1@test\.\d+ elected for e/);
  expect(acted).toEqual([]);
});

test('a vote less, and they wait for us', () => {
  elect('py1@test', 7);
  elect('py2@test', 8);
  acks('py1@test', 'py1@test');
  elections.stand('e', 'note', 'act');
  elections.onElect(candidacy());
  acks('py2@test', 'ts2@test', 'ts1@test');
  expect(acted).toEqual(['act']);
});

test('who stands after it has heard another of ours comes after it', () => {
  const other = new LamportClock();
  for (let tick = 0; tick < 100; tick += 1) other.forward();
  const events: CeleryEvent[] = [];
  new Elections({
    hostname: 'ts2@test',
    clock: other,
    send: (type, fields) => events.push({ ...event(type, 'ts2@test', other.forward()), ...fields }),
    actions: {},
    logger: createLogger({ write: () => {} }),
  }).stand('e', 'note', 'act');
  for (const each of events) elections.onElect(each);
  elections.stand('e', 'note', 'act');
  elections.onElect(candidacy());
  acks('ts1@test', ...PEERS);
  expect(events).toHaveLength(1);
  expect(log.join('')).toMatch(/node ts2@test\.\d+ elected for e/);
});

test('nobody waits for ever for a worker that is there and does not vote', () => {
  elections.stand('e', 'note', 'act');
  elections.onElect(candidacy());
  acks('ts1@test', 'ts2@test', 'py1@test');
  vi.advanceTimersByTime(9000);
  elections.onLook(PEERS);
  expect(acted).toEqual([]);
  vi.advanceTimersByTime(2000);
  acks('py1@test');
  expect(acted).toEqual([]);
  elections.onLook(PEERS);
  expect(acted).toEqual(['act']);
});
