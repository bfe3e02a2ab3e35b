import { ChordError } from '../protocol/celery-errors.ts';
import { encodeException } from '../protocol/exception.ts';
import { encodeJson } from '../protocol/json.ts';
import { composeResult } from '../protocol/result.ts';
import { decodeSignature, decodeSignatures, type Embed, type Signature } from '../protocol/signature.ts';
import { decodeTaskBody, type TaskRequest } from '../protocol/task-request.ts';
import type { AppPort } from './app-port.ts';
import { apply } from './canvas/apply.ts';
import { bodyOf, isChain, isChord, isGroup, tasksOf, type WireOptions } from './canvas/parts.ts';
import { countHeaderReturn, type HeaderReturn } from './chord.ts';

/** The task from which a signature is sent. */
export interface Sender {
  readonly id: string;
  readonly rootId: string | null;
}

/** A task that has ended, and what its message said should follow. */
export interface Ended extends Sender {
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly embed: Embed;
}

/** What those get as their result who waited for a task that has failed. */
interface Failure {
  readonly state: string;
  readonly resultText: string;
  readonly traceback: string | null;
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

function ancestry({ id, rootId }: Sender): WireOptions {
  return { parent_id: id, root_id: rootId ?? id };
}

/** Stores a failure for every task of a signature that will never be sent, and counts it for the chord it belongs to. */
async function failSignature(
  app: AppPort,
  sender: Sender,
  signature: Signature,
  failure: Failure,
): Promise<void> {
  const parts = partsOf(signature);
  for (const part of parts ?? []) await failSignature(app, sender, part, failure);
  const { task_id: taskId, chain } = signature.options;
  if (parts === null && typeof taskId === 'string') {
    await failTask(app, sender, signature, taskId, failure);
  }
  for (const step of decodeSignatures(chain) ?? []) await failSignature(app, sender, step, failure);
}

function partsOf(signature: Signature): Signature[] | null {
  if (isChord(signature)) return [bodyOf(signature)];
  return isGroup(signature) || isChain(signature) ? tasksOf(signature) : null;
}

async function failTask(
  app: AppPort,
  sender: Sender,
  { options }: Signature,
  taskId: string,
  { state, resultText, traceback }: Failure,
): Promise<void> {
  const text = composeResult({ taskId, status: state, resultText, traceback });
  await (await app.backend()).store({ taskId, text });
  const { chord, group_id: groupId, group_index: index } = options;
  if (!chord || typeof groupId !== 'string') return;
  const memberIndex = typeof index === 'number' ? index : null;
  const part = { taskId, groupId, memberIndex, state, resultText };
  await concludeChord(app, sender, decodeSignature(chord), part);
}

async function concludeChord(
  app: AppPort,
  sender: Sender,
  body: Signature,
  part: HeaderReturn,
): Promise<void> {
  const verdict = await countHeaderReturn(app, part);
  if (verdict.kind === 'failed') await failBody(app, sender, body, verdict.error);
  if (verdict.kind !== 'complete') return;
  try {
    await apply(app, body, { args: [verdict.values], options: ancestry(sender) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await failBody(app, sender, body, new ChordError(`Callback error: ${reason}`));
    return;
  }
  await verdict.done();
}

/** The body of a chord will never run (celery/backends/base.py `chord_error_from_stack`). */
async function failBody(app: AppPort, sender: Sender, body: Signature, error: ChordError): Promise<void> {
  const resultText = encodeJson(encodeException(error));
  await failSignature(app, sender, body, { state: 'FAILURE', resultText, traceback: error.message });
  const id = body.options['task_id'];
  const failed = { id: typeof id === 'string' ? id : sender.id, rootId: sender.rootId };
  await sendErrbacks(app, failed, decodeSignatures(body.options['link_error']));
}

/** Errbacks get the failed id, as Celery does for those that take one argument. */
async function sendErrbacks(
  app: AppPort,
  failed: Sender,
  errbacks: readonly Signature[] | null,
): Promise<void> {
  for (const errback of errbacks ?? []) {
    await apply(app, errback, { args: [failed.id], options: ancestry(failed) });
  }
}
