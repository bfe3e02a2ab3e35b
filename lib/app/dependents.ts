import { ChordError } from '../protocol/celery-errors.ts';
import { encodeException, exceptionRepr } from '../protocol/exception.ts';
import { encodeJson } from '../protocol/json.ts';
import { composeResult } from '../protocol/result.ts';
import { decodeSignature, decodeSignatures, type Signature } from '../protocol/signature.ts';
import type { AppPort } from './app-port.ts';
import { apply } from './canvas/apply.ts';
import { bodyOf, isChain, isChord, isGroup, tasksOf, type WireOptions } from './canvas/parts.ts';
import { type ChordVerdict, countHeaderReturn, type HeaderReturn } from './chord.ts';
import { directContext, type TaskContext } from './context.ts';

/*
 * Who waits for a task: the body of its chord, the steps after it, its errbacks. When it cannot give them what they wait
 * for, each of them gets the failure as its own result, so that nobody waits for ever.
 */

/** The task from which a signature is sent. */
export interface Sender {
  readonly id: string;
  readonly rootId: string | null;
}

/** A task that failed, as its errbacks are told of it. */
export interface FailedTask extends Sender {
  /** Its call; of the body of a chord that never ran what is known of it. */
  readonly request: TaskContext;
  readonly error: Error;
  readonly traceback: string | null;
}

/** What those get as their result who waited for a task that has failed. */
export interface Failure {
  readonly state: string;
  readonly resultText: string;
  readonly traceback: string | null;
}

export function ancestry({ id, rootId }: Sender): WireOptions {
  return { parent_id: id, root_id: rootId ?? id };
}

/** Stores a failure for every task of a signature that will never be sent, and counts it for the chord it belongs to. */
export async function failSignature(
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

/** Counts a header member, and if it was the last, calls the body or fails it. */
export async function concludeChord(
  app: AppPort,
  sender: Sender,
  body: Signature,
  part: HeaderReturn,
): Promise<void> {
  await concludeHeader(app, sender, body, await countHeaderReturn(app, part));
}

/** What the end of a header means for the body. */
export async function concludeHeader(
  app: AppPort,
  sender: Sender,
  body: Signature,
  verdict: ChordVerdict,
): Promise<void> {
  if (verdict.kind === 'failed') await failBody(app, sender, body, verdict.error);
  if (verdict.kind !== 'complete') return;
  try {
    await apply(app, body, { args: [verdict.values], options: ancestry(sender) });
  } catch (error) {
    await failBody(app, sender, body, new ChordError(`Callback error: ${exceptionRepr(error)}`));
    return;
  }
  await verdict.done?.().catch(() => {
    // The body is on its way: its header must not fail now. The counters expire by themselves.
  });
}

/** Errbacks with one parameter are sent the id of the task that failed, those with several are called here. */
export async function sendErrbacks(
  app: AppPort,
  failed: FailedTask,
  errbacks: readonly Signature[] | null,
): Promise<void> {
  const { request, error, traceback } = failed;
  for (const errback of errbacks ?? []) {
    if (await app.callErrback(errback, [request, error, traceback])) continue;
    await apply(app, errback, { args: [failed.id], options: ancestry(failed) });
  }
}

/** The tasks that end a chord are those of its body: its header has been sent already, or never will be. */
function partsOf(signature: Signature): Signature[] | null {
  if (isChord(signature)) return [bodyOf(signature)];
  return isGroup(signature) || isChain(signature) ? tasksOf(signature) : null;
}

async function failTask(
  app: AppPort,
  sender: Sender,
  { options }: Signature,
  taskId: string,
  failure: Failure,
): Promise<void> {
  const { state, resultText } = failure;
  await store(app, taskId, failure);
  const { chord, group_id: groupId, group_index: index } = options;
  if (!chord || typeof groupId !== 'string') return;
  const memberIndex = typeof index === 'number' ? index : null;
  const part = { taskId, groupId, memberIndex, state, resultText };
  await concludeChord(app, sender, decodeSignature(chord), part);
}

async function store(app: AppPort, taskId: string, { state, resultText, traceback }: Failure): Promise<void> {
  const text = composeResult({ taskId, status: state, resultText, traceback });
  await (await app.backend()).store({ taskId, text });
}

/** The body of a chord will never run (celery/backends/base.py `chord_error_from_stack`). */
async function failBody(app: AppPort, sender: Sender, body: Signature, error: ChordError): Promise<void> {
  const resultText = encodeJson(encodeException(error));
  const failure = { state: 'FAILURE', resultText, traceback: error.message };
  await failSignature(app, sender, body, failure);
  const { task_id: id } = body.options;
  // Whoever asks for a group as for a task finds why there is nothing.
  if (isGroup(body) && typeof id === 'string') await store(app, id, failure);
  const rootId = sender.rootId ?? sender.id;
  for (const [failedId, errbacks] of errbacksOf(body, sender.id)) {
    const request = { ...directContext(body.task, body.args), kwargs: body.kwargs, id: failedId, rootId };
    await sendErrbacks(app, { id: failedId, rootId, request, error, traceback: null }, errbacks);
  }
}

/**
 * The errbacks of a body, with the id of the task that they are told of: of a chain those of its first step too, which
 * is what cannot run; of a group those of each member.
 */
function errbacksOf(body: Signature, otherId: string): [id: string, errbacks: Signature[]][] {
  const { task_id: taskId, link_error: linked } = body.options;
  const id = typeof taskId === 'string' ? taskId : otherId;
  const own: [string, Signature[]] = [id, decodeSignatures(linked) ?? []];
  if (isGroup(body)) return [own, ...tasksOf(body).flatMap((member) => errbacksOf(member, id))];
  const [first] = isChain(body) ? tasksOf(body) : isChord(body) ? [bodyOf(body)] : [];
  if (!first) return [own];
  const known = new Set(own[1].map((errback) => JSON.stringify(errback)));
  const inner = errbacksOf(first, id).map(([innerId, errbacks]): [string, Signature[]] => [
    isChain(body) ? id : innerId,
    errbacks.filter((errback) => !known.has(JSON.stringify(errback))),
  ]);
  return [own, ...inner];
}
