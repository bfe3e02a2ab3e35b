import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { Worker } from '../../lib/worker/worker.ts';
import { ROOT } from '../kit/process.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

/* How large a message may be, and what becomes of one that only looks small. */

const MEGABYTE = 1024 * 1024;

describe.each(SERVERS)('on $name', ({ start }) => {
  let server: TestServer;
  let app: Celery;
  let worker: Worker;

  beforeAll(async () => {
    server = await start();
    app = new Celery('sizes', { broker: server.url(0), backend: server.url(1) }, silentLogger);
    app.task('sizes.length', (text: string) => text.length);
    worker = new Worker(app, { logger: silentLogger, pool: 'solo' });
    await worker.start();
  }, 60_000);

  afterAll(async () => {
    await worker.stop();
    await app.close();
    await server.stop();
  });

  test('an argument of 100 MB is refused where it is sent, with what to do', async () => {
    const sending = app.sendTask('sizes.length', ['x'.repeat(100 * MEGABYTE)]);
    await expect(sending).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringMatching(/take 100\.0 MiB.*max_message_size/),
    });
  });

  test('one of 10 MB arrives', async () => {
    const result = await app.sendTask('sizes.length', ['x'.repeat(10 * MEGABYTE)]);
    expect(await result.get({ timeout: 30 })).toBe(10 * MEGABYTE);
  }, 60_000);

  test('the limit is a setting', async () => {
    const settings = { broker: server.url(0), broker_transport_options: { max_message_size: 1000 } };
    const small = new Celery('small', settings, silentLogger);
    await expect(small.sendTask('sizes.length', ['x'.repeat(1000)])).rejects.toThrow(/max_message_size/);
    await small.sendTask('sizes.nothing', ['x'.repeat(10)], { queue: 'unread' });
    await small.close();
  });
});

test.each(['gzip', 'brotli'])(
  'a %s bomb of 1 GB is stopped at the limit, in less than 50 MB',
  async (method) => {
    const source = `
    import { createBrotliCompress, createDeflate, constants } from 'node:zlib';
    import { decompress } from './dist/lib/protocol/compression.js';
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
    const packer = '${method}' === 'gzip' ? createDeflate() : createBrotliCompress(quality);
    const parts = [];
    packer.on('data', (part) => parts.push(part));
    const block = Buffer.alloc(${MEGABYTE}, 0x20);
    for (let count = 0; count < 1024; count += 1) {
      if (!packer.write(block)) await new Promise((resolve) => packer.once('drain', resolve));
    }
    packer.end();
    await new Promise((resolve) => packer.once('end', resolve));
    const bomb = Uint8Array.from(Buffer.concat(parts));
    const before = process.resourceUsage().maxRSS;
    let code = null;
    try { decompress(bomb, '${method}', 32 * ${MEGABYTE}); } catch (error) { code = error.code; }
    const grownBytes = (process.resourceUsage().maxRSS - before) * 1024;
    console.log(JSON.stringify({ code, size: bomb.length, grownBytes }));
  `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], {
      cwd: ROOT,
    });
    const { code, size, grownBytes } = JSON.parse(stdout);
    expect(code).toBe('too_large');
    expect(size).toBeLessThan(2 * MEGABYTE);
    expect(grownBytes).toBeLessThan(50 * MEGABYTE);
  },
  120_000,
);
