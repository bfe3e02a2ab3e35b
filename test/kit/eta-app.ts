import { Celery } from 'umbel';

/* Tasks that note how late they start; the worker keeps the figures itself, so that no result disturbs them. */

export const app = new Celery('eta-tests');

const latenessMs: number[] = [];

app.task('eta.note', { ignoreResult: true }, (dueMs: number) => {
  latenessMs.push(Date.now() - dueMs);
});

app.task('eta.figures', () => {
  const sorted = [...latenessMs].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { count: sorted.length, earliest: at(0), p99: at(0.99), latest: at(1) };
});
