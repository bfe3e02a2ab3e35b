import type { Signature } from '../../protocol/signature.ts';
import type { ApplyOptions } from '../apply-options.ts';
import { headerOf, isChain, isChord, isGroup, tasksOf, textOption } from './parts.ts';
import { type ResultNode, tupleOf } from './result-node.ts';

/**
 * The call of `celery.chord_unlock` that a chord needs where the backend cannot count (celery/backends/base.py
 * `fallback_chord_unlock`): it goes to the queue of the body, whose workers are there to run it.
 */
export function unlockCall(
  header: ResultNode,
  body: Signature,
  intervalSeconds: number,
): { args: readonly unknown[]; kwargs: Readonly<Record<string, unknown>>; options: ApplyOptions } {
  const first = firstTask(body);
  const queue = textOption(body.options, 'queue') ?? textOption(first.options, 'queue');
  const { priority } = body.options;
  return {
    args: [header.id, body],
    kwargs: { result: header.members?.map(tupleOf) ?? [] },
    options: {
      countdown: intervalSeconds,
      ignoreResult: true,
      addToParent: false,
      routeName: first.task,
      ...(queue !== undefined && { queue }),
      ...(typeof priority === 'number' && { priority }),
    },
  };
}

function firstTask(signature: Signature): Signature {
  const [first] = isChord(signature)
    ? tasksOf(headerOf(signature))
    : isChain(signature) || isGroup(signature)
      ? tasksOf(signature)
      : [];
  return first ? firstTask(first) : signature;
}
