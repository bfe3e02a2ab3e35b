import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { BROKERS, type TestBroker } from '../kit/brokers.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

describe.each(BROKERS)('revoked tasks on $name', ({ start }) => {
  let broker: TestBroker;
  let store: RedisServer;
  let client: Celery;
  let folder: string;
  let workers: LocalWorker[];
  const runs: string[] = [];

  const settings = () => ({ broker: broker.url(), backend: store.url() });
  const worker = (hostname: string, options: { stateDb?: string; mingle?: boolean } = {}): LocalWorker => {
    const app = new Celery('revokes', settings());
    app.task('r.note', (id: string) => {
      runs.push(id);
      return id;
    });
    app.task('r.wait', (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, 'waited')));
    app.task('r.polite', { bind: true }, (self) => sleep(30_000, null, { signal: self.request.signal }));
    const made = new LocalWorker(app, { hostname, ...options });
    workers.push(made);
    return made;
  };

  beforeAll(async () => {
    [broker, store] = await Promise.all([start(), startRedis()]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([broker.stop(), store.stop()]);
  });
  beforeEach(async () => {
    client = new Celery('client', settings());
    folder = await mkdtemp(join(tmpdir(), 'umbel-revokes-'));
    workers = [];
    runs.length = 0;
  });
  afterEach(async () => {
    await Promise.all(workers.map((one) => one.stop()));
    await client.close();
    await rm(folder, { recursive: true });
  });

  it('are not run by workers that were down when they were revoked', async () => {
    const [revoked, other] = [
      await client.sendTask('r.note', ['revoked']),
      await client.sendTask('r.note', ['other']),
    ];
    await revoked.revoke();
    await worker('w1@test').start();
    await worker('w2@test').start();
    expect(await other.get({ timeout: 10 })).toBe('other');
    await expect(revoked.get({ timeout: 10 })).rejects.toThrow('revoked');
    expect(runs).toEqual(['other']);
  });

  it('are known to workers that start at the same time, however many they are', async () => {
    const ids = Array.from({ length: 2500 }, (_, index) => `many-${index}`);
    await client.control.revoke(ids);
    await client.control.revoke('one more');
    const names = ['w1@test', 'w2@test', 'w3@test'];
    await Promise.all(names.map((name) => worker(name, { mingle: false }).start()));
    const revoked = await client.control.inspect().revoked();
    for (const name of names) {
      expect(revoked[name], name).toEqual(expect.arrayContaining([...ids, 'one more']));
    }
  });

  it('are stored as REVOKED at once, unless they have ended', async () => {
    await worker('w1@test').start();
    const done = await client.sendTask('r.note', ['done']);
    await done.get({ timeout: 10 });
    const ids = Array.from({ length: 450 }, (_, index) => `unknown-${index}`);
    await client.control.revoke([done.id, ...ids], { reply: true });
    const last = client.AsyncResult(ids.at(-1) ?? '');
    await waitUntil('the last is stored', async () => (await last.status()) === 'REVOKED', 10_000);
    expect(await client.AsyncResult('unknown-0').status()).toBe('REVOKED');
    expect(await done.status()).toBe('SUCCESS');
  });

  it('are told by other workers, and kept over a restart', async () => {
    const stateDb = join(folder, '%n.state');
    const first = await worker('w1@test', { stateDb }).start();
    expect(first.log).toContain('mingle: all alone');
    await client.control.broadcast('revoke', {
      arguments: { task_id: ['told', 'kept'] },
      destination: ['w1@test'],
      timeoutMs: 5000,
    });
    const second = await worker('w2@test').start();
    expect(second.log).toMatch(/mingle: sync with 1 nodes[\s\S]*mingle: sync complete/);
    await first.stop();
    await second.stop();
    expect(await readdir(folder)).toEqual(['w1.state']);
    const third = await worker('w1@test', { stateDb, mingle: false }).start();
    expect(third.log).not.toContain('mingle');
    const fourth = await worker('w4@test').start();
    const revoked = await client.control.inspect().revoked();
    for (const name of ['w1@test', 'w4@test']) {
      expect(revoked[name], name).toEqual(expect.arrayContaining(['told', 'kept']));
    }
    await fourth.stop();
  });

  it('a state file that cannot be read is moved aside with one warning', async () => {
    const path = join(folder, 'w.state');
    await writeFile(path, '\x80\x04pickle');
    const one = await worker('w1@test', { stateDb: path }).start();
    expect(one.log.match(/WARNING/g)).toHaveLength(1);
    expect(one.log).toMatch(/state file .*w\.state cannot be read .* It is now .*w\.state\.corrupt/);
    expect((await readdir(folder)).sort()).toEqual(['w.state', 'w.state.corrupt']);
    expect(await readFile(path, 'utf8')).toMatch(/^{"umbel":1/);
    const where = join(folder, 'no', 'such', 'folder');
    await expect(worker('w2@test', { stateDb: where }).start()).rejects.toThrow(
      'Name another with --statedb',
    );
  });

  it('by stamped headers, before they start and while they run', async () => {
    await worker('w1@test').start();
    const stamped = (batch: unknown, task: string, args: unknown[]) =>
      client.sendTask(task, args, {
        headers: {},
        stampedHeaders: ['batch'],
        stamps: { batch },
      });
    const running = await stamped(['a', 'b'], 'r.wait', [30_000]);
    const held = await client.control.inspect();
    await waitUntil('it runs', async () => JSON.stringify(await held.active()).includes(running.id), 10_000);
    const ask = async (args: Record<string, unknown>): Promise<unknown> =>
      (await client.control.broadcast('revoke_by_stamped_headers', { arguments: args, limit: 1 }))[0]?.[
        'w1@test'
      ];
    expect(await ask({ headers: { batch: ['c'] } })).toEqual({
      ok: "headers {'batch': ['c']} flagged as revoked, but not terminated",
    });
    expect(await ask({ headers: ['batch=nobody'], terminate: true })).toEqual({
      ok: "headers {'batch': 'nobody'} were not terminated",
    });
    expect(await ask({ headers: { batch: 'b' }, terminate: true, signal: 'SIGKILL' })).toEqual({
      ok: "headers defaultdict(<class 'set'>, {'batch': {'b'}}) revoked",
    });
    await expect(running.get({ timeout: 10 })).rejects.toThrow('terminated');
    await expect((await stamped('c', 'r.note', ['c'])).get({ timeout: 10 })).rejects.toThrow('revoked');
    expect(await (await stamped('d', 'r.note', ['d'])).get({ timeout: 10 })).toBe('d');
    expect(await ask({ headers: 'batch' })).toEqual({ error: expect.stringContaining('headers must be') });
  });

  it('with SIGUSR1 a running task is told that its soft limit has passed, as in Celery', async () => {
    await worker('w1@test').start();
    const running = await client.sendTask('r.polite');
    const inspect = client.control.inspect();
    await waitUntil(
      'it runs',
      async () => JSON.stringify(await inspect.active()).includes(running.id),
      10_000,
    );
    await client.control.revoke(running.id, { terminate: true, signal: 'SIGUSR1' });
    await expect(running.get({ timeout: 10 })).rejects.toMatchObject({ name: 'SoftTimeLimitExceeded' });
  });
});
