import type { Signature } from '../../protocol/signature.ts';
import type { AppPort } from '../app-port.ts';
import { normalizeSteps } from './compose.ts';
import { merge, type PartialCall, withPartial } from './merge.ts';
import { headerOf, isChain, isChord, isGroup, tasksOf } from './parts.ts';

/**
 * Throws TypeError when one of the calls that a signature begins with cannot be taken by its task, so that none of them
 * is sent. As in Celery what comes later is checked by whoever sends it then, with the value of the step before.
 */
export function checkCalls(
  app: AppPort,
  signature: Signature,
  { args = [], kwargs = {} }: PartialCall,
): void {
  const own = signature.args;
  if (isGroup(signature)) {
    for (const member of tasksOf(signature)) checkCalls(app, member, { args, kwargs });
  } else if (isChord(signature)) {
    checkCalls(app, headerOf(signature), { args: signature.immutable ? own : [...args, ...own], kwargs });
  } else if (isChain(signature)) {
    const [first] = normalizeSteps(tasksOf(withPartial(signature, { args: own })));
    if (first) checkCalls(app, first, signature.immutable ? {} : { args, kwargs });
  } else {
    const call = merge(signature, { args, kwargs });
    app.checkCall(call.task, call.args, call.kwargs);
  }
}
