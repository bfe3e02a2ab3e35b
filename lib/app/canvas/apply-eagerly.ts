import type { Signature } from '../../protocol/signature.ts';
import { uuid } from '../../util/clock.ts';
import type { AnyResult } from '../any-result.ts';
import type { AppPort } from '../app-port.ts';
import { normalizeSteps } from './compose.ts';
import { GroupResult } from './group-result.ts';
import { listOption } from './links.ts';
import { merge, mergeOptions, type PartialCall } from './merge.ts';
import { bodyOf, headerOf, isChain, isChord, isGroup, tasksOf, textOption } from './parts.ts';
import { fromWireOptions } from './wire-options.ts';

/**
 * Runs a signature in this process, one task after the other (celery/canvas.py `apply` of each). Callbacks run too. An
 * error of a step before the last is thrown, that of the last is in the result.
 */
export async function applyEagerly(
  app: AppPort,
  signature: Signature,
  partial: PartialCall,
): Promise<AnyResult | null> {
  if (isGroup(signature)) return groupEagerly(app, signature, partial);
  if (isChord(signature)) {
    const values = await (await groupEagerly(app, headerOf(signature), partial)).get();
    return applyEagerly(app, bodyOf(signature), { args: [values] });
  }
  if (isChain(signature)) return chainEagerly(app, signature, partial);
  return taskEagerly(app, signature, partial);
}

async function taskEagerly(app: AppPort, signature: Signature, partial: PartialCall): Promise<AnyResult> {
  const { task, args, kwargs, options } = merge(signature, partial);
  const { taskId, headers } = fromWireOptions(options);
  const result = await app.runNow(task, args, {
    kwargs,
    ...(taskId && { taskId }),
    ...(headers && { headers }),
  });
  if (await result.successful()) {
    const value = await result.get(INSIDE);
    for (const callback of listOption(options, 'link')) await applyEagerly(app, callback, { args: [value] });
  } else {
    for (const errback of listOption(options, 'link_error')) {
      await applyEagerly(app, errback, { args: [result.id] });
    }
  }
  return result;
}

async function chainEagerly(app: AppPort, chain: Signature, partial: PartialCall): Promise<AnyResult | null> {
  let last: AnyResult | null = null;
  for (const step of normalizeSteps(tasksOf(chain))) {
    last = await applyEagerly(app, step, last ? { args: [await last.get(INSIDE)] } : partial);
  }
  return last;
}

async function groupEagerly(app: AppPort, group: Signature, partial: PartialCall): Promise<GroupResult> {
  const options = mergeOptions(group.options, partial.options ?? {});
  const results: AnyResult[] = [];
  for (const member of tasksOf(group)) {
    const result = await applyEagerly(app, member, { ...partial, options: {} });
    if (result) results.push(result);
  }
  return new GroupResult(app, textOption(options, 'task_id') ?? uuid(), results);
}

/** The results are there already: a task that runs a canvas eagerly may read them. */
const INSIDE = { disableSyncSubtasks: false };
