import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chord } from '../../lib/index.ts';
import { type MixedWorkers, startMixedWorkers } from '../kit/mixed-workers.ts';
import { python } from '../kit/python.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

/* Chords whose parts are counted in a list, as all who share the result backend are told. */

const SETTING = { result_backend_transport_options: { result_chord_ordered: false } };
const wait = { timeout: 15 };

describe.each(SERVERS)('result_chord_ordered: false on $name', ({ start }) => {
  let server: TestServer;
  let workers: MixedWorkers;

  beforeAll(async () => {
    server = await start();
    const place = { broker: server.url(0), backend: server.url(1) };
    workers = await startMixedWorkers('list', place, SETTING, '-P prefork -c 2');
  }, 60_000);

  afterAll(async () => {
    await workers.stop();
    await server.stop();
  }, 60_000);

  test.each(['py', 'ts'])(
    'a header on both sides is counted once, with the body on %s',
    async (side) => {
      const { app, urls } = workers;
      const header = ['py', 'ts', 'py', 'ts'].map((member, n) =>
        app.signature<number>(`${member}.add`, [n, n], { queue: member }),
      );
      const body = app.signature<number>(`${side}.tsum`, [], { queue: side });
      expect(await (await chord(header, body).delay()).get(wait)).toBe(12);
      const fromPython = `chord([app.signature(s + '.add', (n, n), queue=s) for n, s in enumerate(['py', 'ts', 'ts'])], app.signature('${side}.tsum', queue='${side}')).apply_async().get(timeout=15)`;
      expect(await python(urls, fromPython)).toBe(6);
    },
    60_000,
  );
});
