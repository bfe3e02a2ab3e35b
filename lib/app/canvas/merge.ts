import type { Signature } from '../../protocol/signature.ts';
import { link, linkError, listOption } from './links.ts';
import { chainOf, isChain, isGroup, tasksOf, type WireOptions, without, withTasks } from './parts.ts';

/** What a call adds to a signature. */
export interface PartialCall {
  /** Put before its own arguments. */
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: WireOptions;
}

/**
 * A signature with partial arguments and more options (celery/canvas.py `Signature._merge`). An immutable one keeps its
 * arguments. A group id and stamps stay as they are: another value would stall who waits for them.
 */
export function merge(
  signature: Signature,
  { args = [], kwargs = {}, options = {} }: PartialCall,
): Signature {
  const merged = { ...signature, options: mergeOptions(signature.options, options) };
  if (signature.immutable) return merged;
  return { ...merged, args: [...args, ...signature.args], kwargs: { ...signature.kwargs, ...kwargs } };
}

export function mergeOptions(own: WireOptions, added: WireOptions): WireOptions {
  const stamped = own['stamped_headers'];
  const fixed = ['group_id', 'stamped_headers', ...(Array.isArray(stamped) ? stamped.map(String) : [])];
  return { ...own, ...without(added, ...fixed.filter((name) => name in own)) };
}

/** The steps of a chain: what is linked to the chain goes to the last of them, its errbacks to all. */
export function unchain(chain: Signature): Signature[] {
  const { options } = chain;
  return linkSteps(tasksOf(chain), listOption(options, 'link'), listOption(options, 'link_error'));
}

export function linkSteps(
  steps: readonly Signature[],
  links: readonly Signature[],
  errbacks: readonly Signature[],
  onHeader = false,
): Signature[] {
  const withErrback = (step: Signature, errback: Signature): Signature => linkError(step, errback, onHeader);
  const linked = steps.map((step) => errbacks.reduce(withErrback, step));
  const last = linked.pop();
  return last ? [...linked, links.reduce((step, callback) => link(step, callback), last)] : [];
}

/** The same with partial arguments for whoever runs first. */
export function withPartial(signature: Signature, partial: PartialCall): Signature {
  if (isChain(signature)) {
    const [first, ...rest] = tasksOf(signature);
    return first ? withTasks(signature, [withPartial(first, partial), ...rest]) : chainOf([]);
  }
  if (isGroup(signature)) {
    return withTasks(
      signature,
      tasksOf(signature).map((member) => withPartial(member, partial)),
    );
  }
  return merge(signature, partial);
}
