import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { BROKERS, type TestBroker } from '../kit/brokers.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { ROOT, TestProcess } from '../kit/process.ts';
import { PYTHON, untilItListens } from '../kit/python.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

describe.each(BROKERS.filter(({ name }) => name !== 'embedded engine'))('on $name', ({ start }) => {
  let broker: TestBroker;
  let redis: RedisServer;
  let client: Celery;
  const locals: LocalWorker[] = [];
  const pythons: TestProcess[] = [];
  const ran: string[] = [];

  beforeAll(async () => {
    [broker, redis] = await Promise.all([start(), startRedis()]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([broker.stop(), redis.stop()]);
  });
  beforeEach(async () => {
    await broker.reset();
    client = new Celery('client', { broker: broker.url(), backend: redis.url() });
    ran.length = 0;
  });
  afterEach(async () => {
    await Promise.all([
      ...locals.splice(0).map((one) => one.stop()),
      ...pythons.splice(0).map((one) => one.stop('SIGKILL')),
    ]);
    await client.close();
  });

  function local(hostname: string): LocalWorker {
    const app = new Celery('mingle', { broker: broker.url(), backend: redis.url() });
    app.task('m.note', () => ran.push(hostname));
    const worker = new LocalWorker(app, { hostname });
    locals.push(worker);
    return worker;
  }

  /** Stock Celery, with mingle and gossip. */
  async function stock(hostname: string): Promise<TestProcess> {
    const worker = new TestProcess(
      PYTHON,
      ['-m', 'celery', '-A', 'tasks_py', 'worker', '-l', 'debug', '-c', '1', '-Q', 'py', '-n', hostname],
      {
        cwd: `${ROOT}test/interop`,
        env: {
          BROKER_URL: broker.url(),
          RESULT_BACKEND: redis.url(),
          PYTHONUNBUFFERED: '1',
          C_FORCE_ROOT: 'true',
        },
      },
    );
    pythons.push(worker);
    await untilItListens(worker, { broker: broker.url(), backend: redis.url() });
    return worker;
  }

  async function revoke(id: string, node: string): Promise<void> {
    const args = { task_id: id, terminate: false, signal: 'SIGTERM' };
    await client.control.broadcast('revoke', { arguments: args, destination: [node], timeoutMs: 5000 });
  }

  it('workers of both languages tell each other what is revoked, and notice when one falls silent', async () => {
    const python = await stock('py1@test');
    await revoke('known-to-python', 'py1@test');
    const first = await local('ts1@test').start();
    expect(first.log).toMatch(/mingle: sync with 1 nodes[\s\S]*mingle: sync complete/);
    await revoke('known-to-us', 'ts1@test');
    const second = await stock('py2@test');
    expect(second.output).toMatch(/mingle: sync with 2 nodes[\s\S]*mingle: sync complete/);
    expect(second.output).not.toContain('Traceback');
    const revoked = await client.control
      .inspect({ destination: ['ts1@test', 'py2@test'], timeout: 5 })
      .revoked();
    expect(revoked['ts1@test']).toEqual(['known-to-python', 'known-to-us']);
    expect([...(revoked['py2@test'] as string[])].sort()).toEqual(['known-to-python', 'known-to-us']);
    // Before its first heartbeat nobody could miss another.
    await first.logged(/py1@test joined the party/);
    await python.stop('SIGKILL');
    await first.logged(/INFO\/MainProcess\] missed heartbeat from py1@test/, 30_000);
  }, 90_000);

  /** Waits until all know all others: who does not would count too few votes. */
  async function acquainted(ours: readonly LocalWorker[], python: TestProcess): Promise<void> {
    const names = [...ours.map(({ worker }) => worker.settings.hostname), 'py1@test'];
    for (const [index, worker] of ours.entries()) {
      for (const name of names.filter((_, other) => other !== index)) {
        await worker.logged(new RegExp(`${name} joined the party`));
      }
    }
    for (const name of names.slice(0, -1))
      await python.waitFor(new RegExp(`${name} joined the party`), 30_000);
  }

  it('elects one worker to act, also when there is only one', async () => {
    const action = client.signature('m.note').toJSON();
    const first = await local('ts1@test').start();
    await client.control.election('alone', 'task', action);
    await first.logged(/I won the election alone/);
    await waitUntil('it has acted', () => ran.length === 1);
    const others = [await local('ts2@test').start(), await local('ts3@test').start()];
    const python = await stock('py1@test');
    const all = [first, ...others];
    await acquainted(all, python);
    await client.control.election('many', 'task', action);
    const concluded = (): number =>
      all.filter(({ log }) => /(I won the election|elected for) many/.test(log)).length;
    await waitUntil('all know who has won', () => concluded() === 3, 15_000);
    await python.waitFor(/(I won the election|elected for) 'many'/, 15_000);
    const winners = all.map(({ log }) => /node (\S+) elected for many/.exec(log)?.[1]).filter(Boolean);
    expect(new Set(winners).size).toBe(1);
    await waitUntil('the winner has acted', () => ran.length === 2, 15_000);
    await client.control.election('strange', 'no such topic', null, {
      destination: ['ts1@test', 'ts2@test', 'ts3@test'],
    });
    await waitUntil(
      'it is refused',
      () => all.some(({ log }) => log.includes('Unknown election topic')),
      15_000,
    );
    expect(ran).toHaveLength(2);
  }, 90_000);

  it('one worker acts also when a worker of Celery hears of the election late, and concludes without itself', async () => {
    const action = client.signature('m.note').toJSON();
    const names = ['ts1@test', 'ts2@test', 'ts3@test'];
    const ours = await Promise.all(names.map((name) => local(name).start()));
    const python = await stock('py1@test');
    await acquainted(ours, python);
    for (const round of [1, 2, 3]) {
      python.child.kill('SIGSTOP');
      await client.control.election(`late-${round}`, 'task', action);
      // They answer after they have stood, and again after they have heard each other.
      for (const _ of ['stood', 'voted']) {
        expect(await client.control.inspect({ destination: names, timeout: 5 }).clock()).toBeTruthy();
      }
      python.child.kill('SIGCONT');
      await python.waitFor(new RegExp(`elected for 'late-${round}'`), 15_000);
      await waitUntil('the winner has acted', () => ran.length === round);
    }
    // Tasks of another would be there before the answers to this.
    await client.control.inspect({ destination: names, timeout: 5 }).clock();
    expect(ran).toHaveLength(3);
  }, 90_000);
});
