// The app that the benchmark's workers run: a task that does nothing, and one that says when it started.
import { Celery } from '../../dist/lib/index.js';

export const app = new Celery('bench', {
  broker: process.env.BENCH_BROKER,
  backend: process.env.BENCH_BACKEND,
});

export const noop = app.task('bench.noop', () => null);
export const startedAt = app.task('bench.started_at', () => performance.timeOrigin + performance.now());
