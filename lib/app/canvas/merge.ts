import type { Signature } from '../../protocol/signature.ts';
import { chainOf, isChain, isGroup, tasksOf, type WireOptions, without, withTasks } from './parts.ts';

/** What a call adds to a signature. */
export interface Partial {
  /** Put before its own arguments. */
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: WireOptions;
}

/**
 * A signature with partial arguments and more options (celery/canvas.py `Signature._merge`). An immutable one keeps its
 * arguments. A group id and stamps stay as they are: another value would stall who waits for them.
 */
export function merge(signature: Signature, { args = [], kwargs = {}, options = {} }: Partial): Signature {
  const merged = { ...signature, options: mergeOptions(signature.options, options) };
  if (signature.immutable) return merged;
  return { ...merged, args: [...args, ...signature.args], kwargs: { ...signature.kwargs, ...kwargs } };
}

export function mergeOptions(own: WireOptions, added: WireOptions): WireOptions {
  const stamped = own['stamped_headers'];
  const fixed = ['group_id', 'stamped_headers', ...(Array.isArray(stamped) ? stamped.map(String) : [])];
  return { ...own, ...without(added, ...fixed.filter((name) => name in own)) };
}

/** Adds to a list of signatures among the options, unless it is there already. */
export function addToList(
  signature: Signature,
  name: 'link' | 'link_error',
  added: Iterable<Signature>,
): Signature {
  const list = listOption(signature.options, name);
  const known = new Set(list.map((item) => JSON.stringify(item)));
  for (const item of added) {
    const text = JSON.stringify(item);
    if (!known.has(text)) list.push(item);
    known.add(text);
  }
  if (list.length === 0) return signature;
  return { ...signature, options: { ...signature.options, [name]: list } };
}

/** An option that is a list or a single value, as a list. */
export function listOption(options: WireOptions, name: string): Signature[] {
  const value: unknown = options[name];
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? [...value] : [value].flatMap((item) => (isSignature(item) ? [item] : []));
}

/** The steps of a chain: what is linked to the chain goes to the last of them, its errbacks to all. */
export function unchain(chain: Signature): Signature[] {
  const links = listOption(chain.options, 'link');
  const errbacks = listOption(chain.options, 'link_error');
  const steps = tasksOf(chain).map((step) => addToList(step, 'link_error', errbacks));
  const last = steps.pop();
  return last ? [...steps, addToList(last, 'link', links)] : [];
}

/** The same with partial arguments for whoever runs first. */
export function withPartial(signature: Signature, partial: Partial): Signature {
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

function isSignature(value: unknown): value is Signature {
  return typeof value === 'object' && value !== null && 'task' in value;
}
