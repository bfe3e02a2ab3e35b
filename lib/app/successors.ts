import type { Embed } from '../protocol/signature.ts';
import { decodeTaskBody, type TaskRequest } from '../protocol/task-request.ts';
import type { AppPort } from './app-port.ts';
import { apply } from './canvas/apply.ts';
import { ancestry, concludeChord, failSignature, type Sender, sendErrbacks } from './dependents.ts';

/** A task that has ended, and what its message said should follow. */
export interface Ended extends Sender {
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly embed: Embed;
}

/** Sends what follows a success: callbacks first, then the next step of its chain (celery/app/trace.py). */
export async function sendSuccessors(app: AppPort, ended: Ended, value: unknown): Promise<void> {
  const { callbacks, chain } = ended.embed;
  for (const callback of callbacks ?? []) {
    await apply(app, callback, { args: [value], options: ancestry(ended) });
  }
  const next = chain?.at(-1);
  if (next) {
    const options = { ...ancestry(ended), chain: chain?.slice(0, -1) ?? [] };
    await apply(app, next, { args: [value], options });
  }
}

/** Counts the task for the chord it belongs to, and calls the body when it was the last. */
export async function returnToChord(
  app: AppPort,
  ended: Ended,
  state: string,
  resultText: string,
): Promise<void> {
  const { chord } = ended.embed;
  if (chord === null || ended.group === null) return;
  const part = {
    taskId: ended.id,
    groupId: ended.group,
    memberIndex: ended.groupIndex,
    state,
    resultText,
  };
  await concludeChord(app, ended, chord, part);
}

/**
 * Tells whoever waits for what would have come after a task that it will not: the later steps of its chain get the
 * failure as their result, errbacks are sent the id of the task that failed, its chord counts it.
 */
export async function tellFailure(
  app: AppPort,
  ended: Ended,
  state: string,
  resultText: string,
  traceback: string | null,
): Promise<void> {
  await returnToChord(app, ended, state, resultText);
  const failure = { state, resultText, traceback };
  for (const step of ended.embed.chain ?? []) await failSignature(app, ended, step, failure);
  await sendErrbacks(app, ended, ended.embed.errbacks);
}

/** The same for a task whose body never ended here: revoked, lost with its process, or over its hard limit. */
export async function tellUnfinished(
  app: AppPort,
  request: TaskRequest,
  state: string,
  resultText: string,
  traceback: string | null,
): Promise<void> {
  const { embed } = decodeTaskBody(request.bodyText);
  await tellFailure(app, { ...request, embed }, state, resultText, traceback);
}
