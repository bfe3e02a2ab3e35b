import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { type DatabaseServer, startMariadb, startPostgres } from '../kit/database-servers.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { startEngine, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* A result database that is killed under load, twice: every result is there in the end. */

const TASKS = 600;
const LIMIT = 120_000;

describe.each([
  ['PostgreSQL', startPostgres],
  ['MariaDB', startMariadb],
] as const)('%s, killed under load', (_name, start) => {
  let database: DatabaseServer;
  let broker: TestServer;
  beforeAll(async () => {
    [database, broker] = await Promise.all([start(), startEngine()]);
  }, LIMIT);
  afterAll(async () => {
    await database.stop();
    await broker.stop();
  });

  test('loses no result, and who waits gets it', { timeout: LIMIT }, async () => {
    const app = (): Celery => new Celery('restarts', { broker: broker.url(), backend: database.url() });
    const serving = app();
    let ran = 0;
    serving.task('r.double', async (value: number) => {
      ran += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return value * 2;
    });
    const worker = await new LocalWorker(serving, { hostname: 'rows@test' }).start();
    const client = app();
    const numbers = Array.from({ length: TASKS }, (_, index) => index);
    const sent = await Promise.all(numbers.map((value) => client.sendTask('r.double', [value])));
    const values = Promise.all(sent.map((result) => result.get({ timeout: 90_000 })));
    for (const share of [0.2, 0.6]) {
      await waitUntil('some have run', () => ran >= TASKS * share, 60_000);
      await database.restart(true);
    }
    expect(await values).toEqual(numbers.map((value) => value * 2));
    expect(worker.log).not.toContain('is not stored');
    await client.close();
    await worker.stop();
    await serving.close();
  });
});
