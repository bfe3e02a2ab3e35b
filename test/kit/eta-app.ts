import { readFileSync } from 'node:fs';
import { Celery } from 'umbel';

/* Tasks that note how late they start; the worker keeps the figures itself, so that no result disturbs them. */

export const app = new Celery('eta-tests');

const latenessMs: number[] = [];
const LOOK_EVERY_MS = 50;
let waitedMs = cpuWaitMs();
let longestWaitMs = 0;

/** How long this process was ready to run, but got no processor. */
function cpuWaitMs(): number {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
}

setInterval(() => {
  const now = cpuWaitMs();
  longestWaitMs = Math.max(longestWaitMs, now - waitedMs);
  waitedMs = now;
}, LOOK_EVERY_MS).unref();

app.task('eta.note', { ignoreResult: true }, (dueMs: number) => {
  latenessMs.push(Date.now() - dueMs);
});

app.task('eta.count', () => latenessMs.length);

/** Begins anew. */
app.task('eta.reset', () => {
  latenessMs.length = 0;
  longestWaitMs = 0;
});

/** All in milliseconds. */
app.task('eta.figures', () => {
  const sorted = latenessMs.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { earliest: at(0), p99: at(0.99), latest: at(1), longestWait: Math.round(longestWaitMs) };
});
