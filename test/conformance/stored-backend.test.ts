import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BackendOptions, GroupBackend, ResultBackend } from '../../lib/backend/backend.ts';
import { openBackend } from '../../lib/backend/open.ts';
import { MysqlDatabase } from '../../lib/backend/sql/mysql.ts';
import { PostgresDatabase } from '../../lib/backend/sql/postgresql.ts';
import { parseDatabaseUrl } from '../../lib/backend/sql/url.ts';
import { composeResult } from '../../lib/protocol/result.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import type { DatabaseServer } from '../kit/database-servers.ts';
import { ids } from '../kit/messages.ts';
import { inFolder, RESULT_STORES, type ResultStore, type ResultStoreFactory } from '../kit/result-stores.ts';
import { waitUntil } from '../kit/wait-until.ts';

const START_LIMIT_MS = 120_000;

const STORES: readonly ResultStoreFactory[] = [
  ...RESULT_STORES,
  { name: 'memory', start: inFolder(() => 'cache+memory://') },
];

const record = (taskId: string, status: string, value: unknown = null): { taskId: string; text: string } => ({
  taskId,
  text: composeResult({ taskId, status, resultText: JSON.stringify(value) }),
});

describe.each(STORES)('result backend on $name', ({ name, start }) => {
  let store: ResultStore;
  let backend: ResultBackend & GroupBackend;

  const open = async (options: Partial<BackendOptions> = {}): Promise<typeof backend> => {
    const opened = openBackend(store.url(), { logger: silentLogger, expiresSeconds: 86_400, ...options });
    await opened.start();
    return opened as typeof backend;
  };

  beforeAll(async () => {
    store = await start();
  }, START_LIMIT_MS);
  afterAll(async () => {
    await store.stop();
  });
  beforeEach(async () => {
    backend = await open();
  });
  afterEach(async () => {
    await backend.stop();
  });

  test('stores, reads and forgets', async () => {
    expect(await backend.get('a')).toBeNull();
    const value = { sum: 5, text: 'ä€😀', list: [1, 2.5, null, true], big: 12345678901 };
    await backend.store(record('a', 'SUCCESS', value));
    const meta = await backend.get('a');
    expect(meta).toMatchObject({ taskId: 'a', status: 'SUCCESS', result: value, traceback: null });
    expect(Math.abs(Date.parse(meta?.dateDone ?? '') - Date.now())).toBeLessThan(60_000);
    await backend.forget('a');
    expect(await backend.get('a')).toBeNull();
  });

  test('never overwrites a success, but a failure', async () => {
    for (const [status, value] of [
      ['FAILURE', 'no'],
      ['SUCCESS', 1],
      ['FAILURE', 'late'],
    ] as const) {
      await backend.store(record('b', status, value));
    }
    expect(await backend.get('b')).toMatchObject({ status: 'SUCCESS', result: 1 });
    await Promise.all(['STARTED', 'SUCCESS', 'REVOKED'].map((status) => backend.store(record('b2', status))));
    expect(await backend.get('b2')).toMatchObject({ status: 'SUCCESS' });
  });

  test('keeps many tasks with their states in order', async () => {
    const names = ids(150);
    const states = names.flatMap((id) =>
      ['STARTED', 'PROGRESS', 'SUCCESS'].map((state) => record(id, state)),
    );
    await Promise.all(states.map((state) => backend.store(state)));
    const stored = await Promise.all(names.map((id) => backend.get(id)));
    expect(new Set(stored.map((meta) => meta?.status))).toEqual(new Set(['SUCCESS']));
  });

  test('waits for a result, here or of another process, and tells of the states on the way', async () => {
    await backend.store(record('there', 'SUCCESS', 1));
    expect(await backend.wait('there')).toMatchObject({ result: 1 });
    const writer = name === 'memory' ? backend : await open();
    const states: string[] = [];
    const waiting = backend.wait('later', {
      onState: ({ status }) => states.push(status),
      timeoutMs: 20_000,
    });
    await writer.store(record('later', 'PROGRESS', { current: 1 }));
    await waitUntil('the progress is seen', () => states.includes('PROGRESS'), 10_000);
    await writer.store(record('later', 'SUCCESS', 2));
    expect(await waiting).toMatchObject({ status: 'SUCCESS', result: 2 });
    expect(states.at(-1)).toBe('SUCCESS');
    if (writer !== backend) await writer.stop();
  });

  test('gives up waiting in time', async () => {
    await expect(backend.wait('never', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout' });
  });

  test('what the store does not take leaves the rest alone', async () => {
    const [tooLong, good] = ['a/b'.repeat(60), 'good'];
    const refusing = ['PostgreSQL', 'MariaDB', 'files'].includes(name);
    const [refused, stored] = await Promise.allSettled([
      backend.store(record(tooLong, 'SUCCESS')),
      backend.store(record(good, 'SUCCESS', 1)),
    ]);
    expect(stored.status).toBe('fulfilled');
    expect(await backend.get(good)).toMatchObject({ status: 'SUCCESS' });
    if (refusing) expect(refused).toMatchObject({ reason: { code: 'bad_request' } });
  });

  test('keeps a traceback with any characters', async () => {
    const text = composeResult({
      taskId: 'nul',
      status: 'FAILURE',
      resultText: null,
      traceback: 'Error: a\0b 😀',
    });
    await backend.store({ taskId: 'nul', text });
    expect(await backend.get('nul')).toMatchObject({
      traceback: expect.stringMatching(/^Error: a(?:\\x00|\0)b 😀$/),
    });
  });

  test('an error of who is told ends the wait', async () => {
    await backend.store(record('told', 'PROGRESS', 1));
    const onState = (): never => {
      throw new Error('not interested');
    };
    await expect(backend.wait('told', { onState, timeoutMs: 10_000 })).rejects.toThrow('not interested');
  });

  test('keeps what a group is made of', async () => {
    const members = [
      [['a', null], null],
      [['g2', null], [[['b', null], null]]],
    ];
    await backend.saveGroup('g', JSON.stringify({ result: [['g', null], members] }));
    expect(await backend.readGroup('g')).toEqual([['g', null], members]);
    await backend.saveGroup('g', JSON.stringify({ result: [['g', null], []] }));
    expect(await backend.readGroup('g')).toEqual([['g', null], []]);
    await backend.deleteGroup('g');
    expect(await backend.readGroup('g')).toBeNull();
  });

  test('deletes what has expired, and nothing else', async () => {
    await backend.store(record('old', 'SUCCESS'));
    await backend.cleanup?.();
    expect(await backend.get('old')).not.toBeNull();
    if (name === 'memory') return;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const strict = await open({ expiresSeconds: 1 });
    await strict.store(record('new', 'SUCCESS'));
    await strict.cleanup?.();
    expect(await backend.get('old')).toBeNull();
    await strict.stop();
  });
});

describe.each(STORES.slice(0, 2))('result backend on a server of $name', ({ name, start }) => {
  let server: DatabaseServer;
  beforeAll(async () => {
    server = (await start()) as DatabaseServer;
  }, START_LIMIT_MS);
  afterAll(() => server.stop());

  test('writes and reads again after the server has restarted', { timeout: START_LIMIT_MS }, async () => {
    const backend = openBackend(server.url(), { logger: silentLogger });
    await backend.start();
    await backend.store(record('before', 'SUCCESS', 1));
    const restarting = server.restart();
    const stored = backend.store(record('during', 'SUCCESS', 2));
    await restarting;
    await stored;
    expect(await backend.get('before')).toMatchObject({ result: 1 });
    expect(await backend.get('during')).toMatchObject({ result: 2 });
    await backend.stop();
  });

  test('several that start at once create the tables once', { timeout: START_LIMIT_MS }, async () => {
    const database = { tableNames: { task: 'raced', group: 'raced_groups' } };
    const all = ids(6).map(() => openBackend(server.url(), { logger: silentLogger, database }));
    await Promise.all(all.map((backend) => backend.start()));
    await Promise.all(
      all.map((backend, n) => backend.store(record('same', n === 3 ? 'SUCCESS' : 'STARTED', n))),
    );
    expect(await all[0]?.get('same')).toMatchObject({ status: 'SUCCESS', result: 3 });
    await Promise.all(all.map((backend) => backend.stop()));
  });

  test('a table that counts its ids itself and has few characters is written, too', {
    timeout: START_LIMIT_MS,
  }, async () => {
    const settings = { ...parseDatabaseUrl(server.url()), poolSize: 1, timeoutMs: 5000 };
    const isMaria = name === 'MariaDB';
    const database = isMaria ? new MysqlDatabase(settings) : new PostgresDatabase(settings);
    await database.open();
    const [id, blob, date] = isMaria
      ? ['INTEGER AUTO_INCREMENT', 'LONGBLOB', 'DATETIME']
      : ['SERIAL', 'BYTEA', 'TIMESTAMP'];
    const columns = `id ${id} PRIMARY KEY, task_id VARCHAR(155) UNIQUE, status VARCHAR(50), result ${blob}, date_done ${date}, traceback TEXT`;
    await database.query(`CREATE TABLE migrated (${columns})`, []);
    await database.query("INSERT INTO migrated (task_id, status) VALUES ('theirs', 'STARTED')", []);
    await database.close();
    const tableNames = { task: 'migrated' };
    const backend = openBackend(server.url(), { logger: silentLogger, database: { tableNames } });
    await backend.start();
    const long = 'ä😀'.repeat(50_000);
    const traceback = `😀 ${'at a line\n'.repeat(10_000)}`;
    const text = composeResult({ taskId: 'failed', status: 'FAILURE', resultText: '"no"', traceback });
    await backend.store({ taskId: 'failed', text });
    const failed = await backend.get('failed');
    expect(failed).toMatchObject({ status: 'FAILURE', result: 'no' });
    expect(failed?.traceback).toMatch(isMaria ? /^\\u{1f600} at a line\n/ : /^😀 at a line\n/);
    const names = ['a', 'b', 'theirs'];
    for (const taskId of names) await backend.store(record(taskId, 'SUCCESS', taskId + long));
    for (const taskId of names) expect(await backend.get(taskId)).toMatchObject({ result: taskId + long });
    await backend.stop();
  });
});

test('a result in SQLite is there for others when it was stored while they held the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-locked-'));
  const path = join(folder, 'results.db');
  const backend = openBackend(`db+sqlite:///${path}`, { logger: silentLogger });
  await backend.start();
  const other = new Database(path, { timeout: 0 });
  for (const mode of ['IMMEDIATE', 'EXCLUSIVE']) {
    other.exec(`BEGIN ${mode}`);
    const stored = backend.store(record(mode, 'SUCCESS', 1));
    const read = backend.get('nobody');
    await new Promise((resolve) => setTimeout(resolve, 100));
    other.exec('COMMIT');
    await Promise.all([stored, read]);
    // Neither is a lock left behind.
    other.exec('BEGIN EXCLUSIVE');
    expect(other.prepare('SELECT status FROM celery_taskmeta WHERE task_id = ?').get(mode)).toMatchObject({
      status: 'SUCCESS',
    });
    other.exec('COMMIT');
  }
  other.close();
  await backend.stop();
  rmSync(folder, { recursive: true, force: true });
});
