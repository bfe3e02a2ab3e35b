import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../../server/engine/engine.ts';
import type { TestProcess } from '../kit/process.ts';
import { celery, type PythonUrls, python, pythonWorker } from '../kit/python.ts';

/* Stock Python Celery, worker and client, with the embedded engine in Redis's place. */

let engine: Engine;
let worker: TestProcess;
let urls: PythonUrls;
let dataDir: string;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'umbel-test-'));
  engine = new Engine({ port: 0, dataDir });
  await engine.start();
  urls = { broker: `redis://127.0.0.1:${engine.port}/0`, backend: `redis://127.0.0.1:${engine.port}/1` };
  worker = await pythonWorker(urls, ['-E', '-n', 'w1@engine']);
}, 60_000);

afterAll(async () => {
  await worker.stop();
  await engine.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('worker and results', async () => {
  expect(await python(urls, 'add.delay(2, 3).get(timeout=10)')).toBe(5);
  expect(await python(urls, 'r = fail.delay("boom")\nrepr(r.get(timeout=10, propagate=False))')).toBe(
    "ValueError('boom')",
  );
});

test('chain, group and chord', async () => {
  expect(await python(urls, 'chain(add.s(1, 2), mul.s(10), add.s(4))().get(timeout=10)')).toBe(34);
  expect(await python(urls, 'group(add.s(i, i) for i in range(10))().get(timeout=10)')).toEqual([
    0, 2, 4, 6, 8, 10, 12, 14, 16, 18,
  ]);
  expect(await python(urls, 'chord([add.s(i, 1) for i in range(10)])(tsum.s()).get(timeout=15)')).toBe(55);
});

test('an ETA is kept', async () => {
  const source =
    'import time\nsent = time.time()\nstarted = when.apply_async(countdown=2).get(timeout=15)\nstarted - sent';
  const waited = await python(urls, source);
  expect(waited).toBeGreaterThanOrEqual(2);
  expect(waited).toBeLessThan(4);
});

test('priorities: what is more urgent runs first', async () => {
  const file = join(dataDir, 'order.txt');
  const source = [
    'app.control.cancel_consumer("prio", reply=True)',
    `for p in (9, 6, 3, 0): append.apply_async(("${file}", str(p)), queue="prio", priority=p)`,
    'app.control.pool_shrink(1, reply=True)',
    'app.control.add_consumer("prio", reply=True)',
    'import time',
    'deadline = time.time() + 10',
    'import os',
    `while time.time() < deadline and (not os.path.exists("${file}") or len(open("${file}").readlines()) < 4): time.sleep(0.1)`,
    'app.control.pool_grow(1, reply=True)',
    `[line.strip() for line in open("${file}")]`,
  ].join('\n');
  expect(await python(urls, source)).toEqual(['0', '3', '6', '9']);
});

test('retry', async () => {
  expect(await python(urls, 'flaky.delay(2).get(timeout=15)')).toBe(2);
});

test('revoke, and revoke with terminate', async () => {
  const before = 'import time\nr = add.apply_async((1, 1), countdown=2)\nr.revoke()\ntime.sleep(3)\nr.status';
  expect(await python(urls, before)).toBe('REVOKED');
  const running =
    'import time\nr = sleep.delay(30)\ntime.sleep(1)\nr.revoke(terminate=True)\ntime.sleep(1.5)\n[r.status, repr(r.get(timeout=5, propagate=False))]';
  expect(await python(urls, running)).toEqual(['REVOKED', expect.stringContaining('terminated')]);
});

test('inspect and control', async () => {
  expect(await celery(urls, ['inspect', 'ping'])).toContain('pong');
  expect(await python(urls, 'app.control.inspect().registered()')).toEqual({
    'w1@engine': expect.arrayContaining(['py.add']),
  });
  expect(await python(urls, 'app.control.pool_grow(1, reply=True)')).toEqual([
    { 'w1@engine': { ok: 'pool will grow' } },
  ]);
  expect(await celery(urls, ['control', 'rate_limit', 'py.add', '100/s'])).toContain(
    'new rate limit set successfully',
  );
});

test('events reach a receiver', async () => {
  const source = [
    'import threading, time',
    'seen = []',
    'def listen():',
    '    with app.connection_for_read() as connection:',
    '        receiver = app.events.Receiver(connection, handlers={"*": lambda e: seen.append(e["type"])})',
    '        try: receiver.capture(limit=None, timeout=4, wakeup=True)',
    '        except Exception: pass',
    'thread = threading.Thread(target=listen, daemon=True)',
    'thread.start()',
    'time.sleep(1)',
    'add.delay(1, 2).get(timeout=10)',
    'time.sleep(1)',
    'sorted(set(t for t in seen if t.startswith("task-")))',
  ].join('\n');
  expect(await python(urls, source)).toEqual(['task-received', 'task-started', 'task-succeeded']);
});

test('purge', async () => {
  expect(
    await python(
      urls,
      'for i in range(7): add.apply_async((i, i), queue="unread")\napp.connection().default_channel.queue_purge("unread")',
    ),
  ).toBe(7);
});
