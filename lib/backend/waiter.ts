import { toError, UmbelError } from '../contract/errors.ts';
import { READY_STATES } from '../contract/states.ts';
import type { ResultMeta } from '../protocol/result.ts';
import { MAX_TIMER_MS } from '../util/clock.ts';
import type { WaitOptions } from './backend.ts';

/** What a wait needs of the backend. */
export interface ResultSource {
  watch(taskId: string, onState: (meta: ResultMeta) => void): Promise<() => Promise<void>>;
  get(taskId: string): Promise<ResultMeta | null>;
  /** Calls back when states may have been missed; for sources that can miss any. */
  onGap?(listener: () => void): () => void;
}

/** Waits for a final state: listens first and reads then, so that no moment is missed; after a gap it reads again. */
export function waitFor(source: ResultSource, taskId: string, options: WaitOptions): Promise<ResultMeta> {
  const { timeoutMs, signal, onState } = options;
  return new Promise<ResultMeta>((resolve, reject) => {
    const undo: (() => void)[] = [];
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      for (const step of undo) step();
      settle();
    };
    const fail = (error: unknown): void => end(() => reject(toError(error)));
    const seen = (meta: ResultMeta): void => {
      if (isOver) return;
      try {
        onState?.(meta);
      } catch (error) {
        fail(error);
        return;
      }
      if (READY_STATES.has(meta.status)) end(() => resolve(meta));
    };
    const read = (): void => {
      source.get(taskId).then((meta) => meta && seen(meta), fail);
    };
    const abort = (): void => fail(signal?.reason ?? new Error('aborted'));
    if (signal?.aborted) {
      abort();
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
    undo.push(() => signal?.removeEventListener('abort', abort));
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
      const timer = setTimeout(() => fail(timedOut(taskId, timeoutMs)), Math.min(timeoutMs, MAX_TIMER_MS));
      undo.push(() => clearTimeout(timer));
    }
    if (source.onGap) undo.push(source.onGap(read));
    source.watch(taskId, seen).then((close) => {
      if (isOver) {
        void close();
        return;
      }
      undo.push(() => void close());
      read();
    }, fail);
  });
}

function timedOut(taskId: string, timeoutMs: number): UmbelError {
  return new UmbelError('timeout', `Task ${taskId} has no result after ${timeoutMs / 1000} s.`);
}
