import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery, chord } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

/* Chords whose parts are counted in a list, as all who share the result backend are told. */

const SETTING = { result_backend_transport_options: { result_chord_ordered: false } };
const wait = { timeout: 15 };

describe.each(SERVERS)('result_chord_ordered: false on $name', ({ start }) => {
  let server: TestServer;
  let urls: PythonUrls;
  let tsWorker: TestProcess;
  let pyWorker: TestProcess;
  let app: Celery;

  beforeAll(async () => {
    server = await start();
    urls = { broker: server.url(0), backend: server.url(1), conf: SETTING };
    const env = { BROKER_URL: urls.broker, RESULT_BACKEND: urls.backend, TS_CONF: JSON.stringify(SETTING) };
    const worker = 'worker -l info -c 2 -n ts@list -Q ts'.split(' ');
    tsWorker = umbel(['-A', 'test/interop/canvas_ts.mjs', ...worker], { env });
    pyWorker = await pythonWorker({ ...urls, queue: 'py' }, ['-n', 'py@list', '-c', '2']);
    await tsWorker.waitFor(/ready\./);
    app = new Celery('client', { broker: urls.broker, backend: urls.backend, ...SETTING }, silentLogger);
  }, 60_000);

  afterAll(async () => {
    await app.close();
    await tsWorker.stop();
    await pyWorker.stop();
    await server.stop();
  }, 60_000);

  const add = (side: string, x: number) => app.signature<number>(`${side}.add`, [x, x], { queue: side });
  const total = (side: string) => app.signature<number>(`${side}.tsum`).set({ queue: side });

  test.each(['py', 'ts'])(
    'a header on both sides is counted once, with the body on %s',
    async (side) => {
      const header = ['py', 'ts', 'py', 'ts'].map((member, index) => add(member, index));
      expect(await (await chord(header, total(side)).delay()).get(wait)).toBe(12);
      const fromPython = `chord([app.signature(s + '.add', (n, n), queue=s) for n, s in enumerate(['py', 'ts', 'ts'])], app.signature('${side}.tsum', queue='${side}')).apply_async().get(timeout=15)`;
      expect(await python(urls, fromPython)).toBe(6);
    },
    60_000,
  );
});
