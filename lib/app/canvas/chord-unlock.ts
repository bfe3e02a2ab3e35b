import type { ResultBackend } from '../../backend/backend.ts';
import { UmbelError } from '../../contract/errors.ts';
import { PROPAGATE_STATES, READY_STATES } from '../../contract/states.ts';
import { numberOrNull } from '../../protocol/record.ts';
import type { ResultMeta } from '../../protocol/result.ts';
import { decodeSignature } from '../../protocol/signature.ts';
import { type ChordVerdict, failedDependency, valuesOf } from '../chord.ts';
import { concludeHeader } from '../dependents.ts';
import type { Task } from '../task.ts';
import { leafIds, nodeFromTuple, type ResultNode } from './result-node.ts';

/**
 * Looks whether the header of a chord has ended; if not, it looks again after `interval` seconds
 * (celery/app/builtins.py `chord_unlock`). For backends that cannot count, whoever sent the chord: Python or this.
 */
export async function unlockChord(self: Task): Promise<null> {
  const { args, kwargs } = self.request;
  const [groupId, callback] = args;
  const { result, interval, max_retries: maxRetries } = kwargs;
  if (typeof groupId !== 'string' || !Array.isArray(result)) {
    throw new UmbelError('bad_message', 'celery.chord_unlock needs a group id, a body and `result`.');
  }
  const header = { id: groupId, parent: null, members: result.map(nodeFromTuple) };
  const again = {
    countdown: numberOrNull(interval) ?? self.app.conf.result_chord_retry_interval,
    maxRetries: numberOrNull(maxRetries),
  };
  let metas: readonly ResultMeta[] | null;
  try {
    metas = await endedMetas(await self.app.backend(), leafIds(header));
  } catch (error) {
    return self.retry({ ...again, exc: error });
  }
  if (metas === null) return self.retry(again);
  await concludeHeader(self.app, self.request, decodeSignature(callback), verdictOf(header, metas));
  return null;
}

/** Some at a time: a chord of thousands must not ask for all of them at once. */
const AT_A_TIME = 100;

/** The records of all tasks once all have ended; null while one has not. */
async function endedMetas(backend: ResultBackend, ids: readonly string[]): Promise<ResultMeta[] | null> {
  const metas: ResultMeta[] = [];
  for (let at = 0; at < ids.length; at += AT_A_TIME) {
    for (const meta of await Promise.all(ids.slice(at, at + AT_A_TIME).map((id) => backend.get(id)))) {
      if (meta === null || !READY_STATES.has(meta.status)) return null;
      metas.push(meta);
    }
  }
  return metas;
}

function verdictOf(header: ResultNode, metas: readonly ResultMeta[]): ChordVerdict {
  const results = new Map<string, unknown>();
  for (const [index, id] of leafIds(header).entries()) {
    const meta = metas[index];
    if (meta && PROPAGATE_STATES.has(meta.status)) {
      return { kind: 'failed', error: failedDependency(id, meta.result) };
    }
    results.set(id, meta?.result ?? null);
  }
  return { kind: 'complete', values: valuesOf(header, results) };
}
