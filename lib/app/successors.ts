import { decodeException } from '../protocol/exception.ts';
import { decodeJson } from '../protocol/json.ts';
import type { Embed } from '../protocol/signature.ts';
import { decodeTaskBody, type TaskRequest } from '../protocol/task-request.ts';
import type { AppPort } from './app-port.ts';
import { apply } from './canvas/apply.ts';
import { NO_SERVICES } from './context.ts';
import { ancestry, concludeChord, failSignature, type Sender, sendErrbacks } from './dependents.ts';
import { MessageContext } from './message-context.ts';

/** A task that has ended, and what its message said should follow. */
interface Ended extends Sender {
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

/**
 * Tells whoever waits for a task how it has ended, once that is stored (celery/backends/base.py `mark_as_done`,
 * `mark_as_failure`). Its chord counts it; after a failure the later steps of its chain get that as their result, and
 * errbacks are sent the id of the task that failed.
 */
export async function tellEnded(
  app: AppPort,
  request: TaskRequest,
  state: string,
  resultText: string,
  traceback: string | null,
): Promise<void> {
  const body = decodeTaskBody(request.bodyText);
  const { chain, errbacks } = body.embed;
  const ended = { ...request, embed: body.embed };
  await returnToChord(app, ended, state, resultText);
  if (state === 'SUCCESS') return;
  const failure = { state, resultText, traceback };
  for (const step of chain ?? []) await failSignature(app, ended, step, failure);
  if (errbacks === null) return;
  const { id, rootId } = request;
  const error = decodeException(decodeJson(resultText), traceback);
  const context = new MessageContext(request, body, NO_SERVICES, false);
  await sendErrbacks(app, { id, rootId, request: context, error, traceback }, errbacks);
}

/** Counts the task for the chord it belongs to, and calls the body when it was the last. */
async function returnToChord(app: AppPort, ended: Ended, state: string, resultText: string): Promise<void> {
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
