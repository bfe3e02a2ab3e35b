import type { Signature } from '../../protocol/signature.ts';
import { unchain } from './merge.ts';
import {
  bodyOf,
  chainOf,
  chordOf,
  isChain,
  isChord,
  isEmptyGroup,
  isGroup,
  tasksOf,
  unrollGroup,
  withBody,
  withTasks,
} from './parts.ts';

/** `first | second` of celery/canvas.py: the second gets the value of the first. */
export function pipe(first: Signature, second: Signature): Signature {
  if (isChain(first)) return extendChain(first, second);
  if (isGroup(first)) return isEmptyGroup(second) ? first : chordOf(tasksOf(first), second);
  const next = unrollGroup(second);
  if (isChord(first) && !isGroup(next) && !isChain(second)) {
    return withBody(first, pipe(bodyOf(first), next));
  }
  return chainOf([first, ...(isChain(next) ? unchain(next) : [next])]);
}

/** `a | b | c …`. One step alone is a chain of one. */
export function pipeAll(steps: readonly Signature[]): Signature {
  const [only, ...others] = steps;
  if (only && others.length === 0) return chainOf([only]);
  return steps.reduce(pipe, chainOf([]));
}

function extendChain(chain: Signature, second: Signature): Signature {
  if (isEmptyGroup(second)) return chain;
  if (isChain(second)) return unchain(second).reduce(pipe, chain);
  const next = unrollGroup(second);
  if (isChain(next)) return extendChain(chain, next);
  const steps = unchain(chain);
  const last = steps.at(-1);
  if (!last) return isGroup(next) ? next : chainOf([next]);
  const before = steps.slice(0, -1);
  if (isGroup(last) && !isGroup(next)) return withTasks(chainOf([]), endWithChord(before, last, next));
  if (isChord(last) && !isChord(next)) {
    return chainOf([...before, withBody(last, pipe(bodyOf(last), next))]);
  }
  return chainOf([...steps, next]);
}

/** A group before another step becomes the header of a chord. Of two chords in a row the second joins the first's body. */
function endWithChord(before: readonly Signature[], header: Signature, body: Signature): Signature[] {
  const chord = chordOf(tasksOf(header), body);
  const previous = before.at(-1);
  if (!previous || !isChord(previous)) return [...before, chord];
  return [...before.slice(0, -1), withBody(previous, pipe(bodyOf(previous), chord))];
}

/**
 * The steps of a chain as they are sent (celery/canvas.py `prepare_steps`): chains in it are taken apart, groups of one
 * are that one, empty groups are left out, and a group before another step is the header of a chord.
 */
export function normalizeSteps(steps: readonly Signature[]): Signature[] {
  const flat = flatten(steps);
  const filled = flat.filter((step) => !isEmptyGroup(step));
  const kept = filled.length > 0 ? filled : flat.slice(0, 1);
  const normal: Signature[] = [];
  for (const step of [...kept].reverse()) {
    const next = isGroup(step) ? normal.pop() : undefined;
    normal.push(next ? chordOf(tasksOf(step), next) : step);
  }
  return normal.reverse();
}

function flatten(steps: readonly Signature[]): Signature[] {
  return steps.flatMap((step) => {
    const only = unrollGroup(step);
    return isChain(only) ? flatten(unchain(only)) : [only];
  });
}

/** How many ends a signature has that a chord waits for (celery/canvas.py `_chord._descend`). */
export function countEnds(signature: Signature): number {
  if (isGroup(signature)) {
    return tasksOf(signature).reduce((sum, member) => sum + countEnds(member), 0);
  }
  if (isChord(signature)) return countEnds(bodyOf(signature));
  if (!isChain(signature)) return 1;
  for (const step of tasksOf(signature).reverse()) {
    const ends = countEnds(step);
    if (ends > 0) return ends;
  }
  return 0;
}
