import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery, chord } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { Worker } from '../../lib/worker/worker.ts';
import type { TestProcess } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

/* Bodies and results in MessagePack and YAML, and packed bodies, between Python and TypeScript. */

const ACCEPT = ['json', 'msgpack', 'yaml'];

describe.each(SERVERS)('on $name', ({ start }) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await start();
  }, 60_000);

  afterAll(() => server.stop());

  describe.each(['msgpack', 'yaml'] as const)('%s', (name) => {
    let urls: PythonUrls;
    let app: Celery;
    let worker: Worker;
    let pyWorker: TestProcess;

    beforeAll(async () => {
      const conf = {
        task_serializer: name,
        result_serializer: name,
        accept_content: ACCEPT,
        result_accept_content: ACCEPT,
      };
      urls = { broker: server.url(0), backend: server.url(1), queue: `py-${name}`, conf };
      app = new Celery(
        'client',
        { broker: urls.broker, backend: urls.backend, ...conf, task_default_queue: `ts-${name}` },
        silentLogger,
      );
      app.task('ts.echo', (value: unknown) => value);
      app.task('ts.fail', (text: string) => {
        throw new TypeError(text);
      });
      worker = new Worker(app, { logger: silentLogger, pool: 'async', concurrency: 4 });
      await worker.start();
      pyWorker = await pythonWorker(urls, ['-P', 'solo', '-n', `py-${name}@test`]);
    }, 60_000);

    afterAll(async () => {
      await worker.stop();
      await pyWorker.stop();
      await app.close();
    }, 60_000);

    const value = { list: [1, -5, 1.5, true, null, 'ü✓😀', 2 ** 40], nested: { yes: 'no', '1': [[]] } };

    test('Python sends, TypeScript runs, Python reads the result', async () => {
      const source = `value = __import__("json").loads(${JSON.stringify(JSON.stringify(value))})\napp.send_task("ts.echo", (value,), queue="ts-${name}").get(timeout=15)`;
      expect(await python(urls, source)).toEqual(value);
    });

    test('Python reads the error of a TypeScript task', async () => {
      const source = `r = app.send_task("ts.fail", ("no number",), queue="ts-${name}")\ne = r.get(timeout=15, propagate=False)\n[type(e).__name__, str(e)]`;
      expect(await python(urls, source)).toEqual(['TypeError', 'no number']);
    });

    test('TypeScript sends, Python runs, TypeScript reads the result', async () => {
      const result = await app.sendTask('py.echo', [value], { queue: `py-${name}`, kwargs: { x: 'y' } });
      expect(await result.get({ timeout: 15 })).toEqual({ args: [value], kwargs: { x: 'y' } });
      const failed = await app.sendTask('py.fail', ['boom'], { queue: `py-${name}` });
      await expect(failed.get({ timeout: 15 })).rejects.toMatchObject({
        name: 'ValueError',
        message: 'boom',
      });
    });

    test('packed bodies go both ways', async () => {
      const long = 'ab'.repeat(50_000);
      const sent = await app.sendTask('py.echo', [long], { queue: `py-${name}`, compression: 'gzip' });
      expect(await sent.get({ timeout: 15 })).toEqual({ args: [long], kwargs: {} });
      const source = `app.send_task("ts.echo", ("ab" * 50000,), queue="ts-${name}", compression="gzip").get(timeout=15) == "ab" * 50000`;
      expect(await python(urls, source)).toBe(true);
    });

    test('a chord counts its parts on both sides', async () => {
      const py = { queue: `py-${name}` };
      const header = [
        app.signature<number>('ts.echo', [1]),
        app.signature<number>('py.add', [1, 2], py),
        app.signature<number>('ts.echo', [2]),
      ];
      const result = await chord(header, app.signature<number>('py.tsum', [], py)).applyAsync();
      expect(await result.get({ timeout: 20 })).toBe(6);
    });

    test('a serializer that is not accepted is set aside, and the others go on', async () => {
      const other = name === 'yaml' ? 'msgpack' : 'yaml';
      const strict = new Celery(
        'strict',
        {
          broker: urls.broker,
          backend: urls.backend,
          task_default_queue: `strict-${name}`,
          accept_content: ['json', name],
          result_serializer: name,
          result_accept_content: [name],
        },
        silentLogger,
      );
      strict.task('ts.echo', (given: unknown) => given);
      const warnings: string[] = [];
      const logger = { ...silentLogger, warning: (line: string) => void warnings.push(line) };
      const strictWorker = new Worker(strict, { logger, pool: 'solo' });
      await strictWorker.start();
      try {
        await strict.sendTask('ts.echo', ['lost'], { serializer: other });
        await python(
          { ...urls, conf: { accept_content: ['pickle'] } },
          `app.send_task("ts.echo", (1,), queue="strict-${name}", serializer="pickle").id`,
        );
        const good = await strict.sendTask('ts.echo', ['kept'], { serializer: name });
        expect(await good.get({ timeout: 15 })).toBe('kept');
        expect(warnings.join('\n')).toContain(`add "${other}" to accept_content`);
        expect(warnings.join('\n')).toContain('application/x-python-serialize is not accepted');
      } finally {
        await strictWorker.stop();
        await strict.close();
      }
    });
  });
});
