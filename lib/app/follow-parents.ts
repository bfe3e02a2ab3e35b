import { setTimeout as sleep } from 'node:timers/promises';
import { ChordError } from '../protocol/celery-errors.ts';
import type { AnyResult, LeafResult } from './any-result.ts';

const FIRST_LOOK_MS = 500;
const LONGEST_PAUSE_MS = 5000;
const LONGEST_DELAY_MS = 320;

/** The tasks that came before a result, the first of them first. */
export function parentsOf(result: AnyResult): LeafResult[] {
  const parents: LeafResult[] = [];
  for (let node = result.parent; node; node = node.parent) parents.unshift(...node.leaves());
  return parents;
}

/** The error of the first parent that failed; null when none has. */
async function firstFailure(parents: readonly LeafResult[]): Promise<unknown> {
  const failures = await Promise.all(parents.map((parent) => parent.failure()));
  return failures.find((failure) => failure !== null) ?? null;
}

/**
 * What to throw for a result that has failed: the error of the parent that failed first, else its own. The record of a
 * header's failed task may come a moment after the ChordError of the body.
 */
export async function causeOf(error: unknown, parents: readonly LeafResult[]): Promise<unknown> {
  for (let pauseMs = 20; ; pauseMs *= 2) {
    const failure = await firstFailure(parents);
    if (failure !== null) return failure;
    if (!(error instanceof ChordError) || parents.length === 0 || pauseMs > LONGEST_DELAY_MS) return error;
    await sleep(pauseMs);
  }
}

/**
 * Waits, and meanwhile looks at the parents now and then, at growing intervals: one that has failed ends the waiting
 * with its error (celery/result.py `maybe_throw` on each interval).
 */
export async function waitWithParents<T>(
  parents: readonly LeafResult[],
  outer: AbortSignal | undefined,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal;
  try {
    // The first to fail is the answer: nobody waits for the rest any more.
    const waiting = wait(signal);
    return await (parents.length === 0
      ? waiting
      : Promise.race([waiting, throwFailure(parents, stop.signal)]));
  } finally {
    stop.abort();
  }
}

/** Never resolves; ends when it is aborted, and then nobody listens any more. */
async function throwFailure(parents: readonly LeafResult[], signal: AbortSignal): Promise<never> {
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    await sleep(pauseMs, undefined, { signal });
    const failure = await firstFailure(parents);
    if (failure !== null) throw failure;
  }
}
