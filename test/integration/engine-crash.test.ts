import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  buildEngine,
  type EngineBuild,
  type EngineProcess,
  startEngineProcess,
} from '../kit/engine-process.ts';
import { seededRandom } from '../kit/random.ts';
import { encodeCommand, RawRedis } from '../kit/raw-redis.ts';

const KILLS = 20;
const PUSHES = 10_000;
const WRITERS = 4;
/** Commands that a writer sends ahead of their replies. */
const AHEAD = 16;

let build: EngineBuild;
let dir = '';

beforeAll(() => {
  build = buildEngine();
  dir = mkdtempSync(join(tmpdir(), 'umbel-engine-crash-'));
});

afterAll(() => {
  build.remove();
  rmSync(dir, { recursive: true, force: true });
});

/** Pushes numbered values until `upTo` or the connection ends; the highest number that was acknowledged. */
async function pushUntilClosed(port: number, writer: number, from: number, upTo: number): Promise<number> {
  const client = await RawRedis.open(port).catch(() => undefined);
  if (client === undefined) return from;
  let sent = from;
  let acknowledged = from;
  while (acknowledged < upTo) {
    let batch = '';
    while (sent < upTo && sent - acknowledged < AHEAD) {
      batch += encodeCommand(['LPUSH', `q${writer}`, `${sent}:${'x'.repeat(100)}`]);
      sent += 1;
    }
    if (batch !== '') client.write(batch);
    const reply = await client.read();
    if (!reply.startsWith(':')) break;
    acknowledged += 1;
  }
  client.close();
  return acknowledged;
}

describe('an engine that is killed at random moments', () => {
  test.each(['always', 'everysec'] as const)(
    'has every acknowledged message, in order, and is back within 2 seconds (fsync %s)',
    {
      timeout: 180_000,
    },
    async (fsync) => {
      const random = seededRandom();
      const dataDir = join(dir, fsync);
      const start = () => startEngineProcess(build, { dataDir, fsync, rewriteMinBytes: 300_000 });
      const positions = Array.from({ length: WRITERS }, () => 0);
      const share = PUSHES / WRITERS;
      let engine: EngineProcess = await start();
      for (let kill = 1; kill <= KILLS; kill += 1) {
        const upTo = kill === KILLS ? share : Math.floor((share * kill) / KILLS) + 200;
        const dying = engine;
        const killer = setTimeout(() => void dying.kill('SIGKILL'), 10 + random.next() * 150);
        const acknowledged = await Promise.all(
          positions.map((from, writer) => pushUntilClosed(dying.port, writer, from, Math.min(share, upTo))),
        );
        clearTimeout(killer);
        await dying.kill('SIGKILL');
        engine = await start();
        expect(engine.startMs).toBeLessThan(2000);
        await checkWriters(engine, acknowledged, positions);
      }
      await Promise.all(positions.map((from, writer) => pushUntilClosed(engine.port, writer, from, share)));
      const client = await RawRedis.open(engine.port);
      for (let writer = 0; writer < WRITERS; writer += 1) {
        expect(await client.call('LLEN', `q${writer}`)).toBe(`:${share}\r\n`);
      }
      client.close();
      await engine.kill('SIGTERM');
    },
  );

  /** Each list holds 0, 1, 2, … without gaps, at least as far as was acknowledged; there the writer goes on. */
  async function checkWriters(
    engine: EngineProcess,
    acknowledged: number[],
    positions: number[],
  ): Promise<void> {
    const client = await RawRedis.open(engine.port);
    for (const [writer, least] of acknowledged.entries()) {
      const values = await client.call('LRANGE', `q${writer}`, '0', '-1');
      const found = [...values.matchAll(/\r\n(\d+):x/g)].map(([, number]) => Number(number)).reverse();
      expect(found).toEqual(found.map((_, index) => index));
      expect(found.length, `writer ${writer}: ${engine.log()}`).toBeGreaterThanOrEqual(least);
      positions[writer] = found.length;
    }
    client.close();
    expect(engine.log()).not.toContain('damaged');
  }
});
