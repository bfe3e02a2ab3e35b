import { composeResult } from '../protocol/result.ts';
import { decodeSignature, decodeSignatures, type Embed, type Signature } from '../protocol/signature.ts';
import { decodeTaskBody, type TaskRequest } from '../protocol/task-request.ts';
import type { AppPort } from './app-port.ts';
import { countHeaderReturn, type HeaderReturn } from './chord.ts';
import { type Sender, sendSignature } from './send-signature.ts';

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
    await sendSignature(app, callback, ended, { prepended: [value], chain: [] });
  }
  const next = chain?.at(-1);
  if (next) {
    await sendSignature(app, next, ended, { prepended: [value], chain: chain?.slice(0, -1) ?? [] });
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
  for (const step of ended.embed.chain ?? []) await failStep(app, ended, step, state, resultText, traceback);
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

async function failStep(
  app: AppPort,
  ended: Ended,
  step: Signature,
  state: string,
  resultText: string,
  traceback: string | null,
): Promise<void> {
  const { task_id: taskId, chord, group_id: groupId, group_index: index } = step.options;
  if (typeof taskId !== 'string') return;
  const text = composeResult({ taskId, status: state, resultText, traceback });
  await (await app.backend()).store({ taskId, text });
  if (!chord || typeof groupId !== 'string') return;
  const memberIndex = typeof index === 'number' ? index : null;
  await concludeChord(app, ended, decodeSignature(chord), {
    taskId,
    groupId,
    memberIndex,
    state,
    resultText,
  });
}

async function concludeChord(app: AppPort, ended: Ended, body: Signature, part: HeaderReturn): Promise<void> {
  const verdict = await countHeaderReturn(app, body, part);
  if (verdict.kind === 'complete') {
    await sendSignature(app, body, ended, { prepended: [verdict.values], chain: [] });
    await verdict.done();
  } else if (verdict.kind === 'failed') {
    const id = body.options['task_id'];
    const sender = { id: typeof id === 'string' ? id : ended.id, rootId: ended.rootId };
    await sendErrbacks(app, sender, decodeSignatures(body.options['link_error']));
  }
}

/** Errbacks get the failed id, as Celery does for those that take one argument. */
async function sendErrbacks(
  app: AppPort,
  failed: Sender,
  errbacks: readonly Signature[] | null,
): Promise<void> {
  for (const errback of errbacks ?? []) {
    await sendSignature(app, errback, failed, { prepended: [failed.id], chain: [] });
  }
}
