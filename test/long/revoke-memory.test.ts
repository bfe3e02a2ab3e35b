import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { umbel } from '../kit/process.ts';
import { startRedis } from '../kit/redis-server.ts';

const MAX_GROWTH_MB = 40;

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

it('a million revokes do not fill a worker', async () => {
  const redis = await startRedis();
  const env = { CELERY_BROKER_URL: redis.url(0), CELERY_RESULT_BACKEND: redis.url(1) };
  const worker = umbel(['-A', 'test/kit/eta-app.ts', 'worker', '-P', 'async', '-l', 'info'], { env });
  const app = new Celery('client', { broker: redis.url(0), backend: redis.url(1) });
  const revoke = async (from: number, commands: number): Promise<void> => {
    for (let n = from; n < from + commands; n += 1) {
      const ids = Array.from(
        { length: 1000 },
        (_, i) => `0000000-0000-4000-8000-${String(n * 1000 + i).padStart(13, '0')}`,
      );
      const [reply] = await app.control.revoke(ids, { reply: true, timeout: 30 });
      expect(reply).toBeDefined();
    }
  };
  try {
    await worker.waitFor(/ ready\./, 30_000);
    // Fifty thousand are kept, as in Celery: what they cost is no growth.
    await revoke(0, 60);
    const before = residentMb(worker.child.pid ?? 0);
    await revoke(60, 1000);
    const growth = residentMb(worker.child.pid ?? 0) - before;
    process.stdout.write(`1,000,000 revokes: ${before.toFixed(0)} MB + ${growth.toFixed(1)} MB\n`);
    expect(growth).toBeLessThan(MAX_GROWTH_MB);
    expect(Object.values(await app.control.inspect({ timeout: 30 }).revoked())[0]).toHaveLength(50_000);
  } finally {
    await app.close();
    await worker.stop('SIGKILL');
    await redis.stop();
  }
});
