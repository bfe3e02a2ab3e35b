import { decodeSignatures, type Signature } from '../../protocol/signature.ts';
import {
  bodyOf,
  headerOf,
  isChord,
  isGroup,
  tasksOf,
  type WireOptions,
  withBody,
  withTasks,
} from './parts.ts';

/**
 * Adds a callback. A group's is called without value when its first task succeeds, a chord's is the body's.
 */
export function link(json: Signature, callback: Signature): Signature {
  if (isChord(json)) return withBody(json, link(bodyOf(json), callback));
  if (!isGroup(json)) return addToList(json, 'link', callback);
  const [first, ...rest] = tasksOf(json);
  if (!first) return json;
  return withTasks(json, [link(first, { ...callback, immutable: true }), ...rest]);
}

/** Adds an errback. Of a chord the body tells; header tasks only when they are chords, which have bodies of their own. */
export function linkError(json: Signature, errback: Signature): Signature {
  const linked = (member: Signature): Signature => linkError(member, errback);
  if (isGroup(json)) return withTasks(json, tasksOf(json).map(linked));
  if (!isChord(json)) return addToList(json, 'link_error', errback);
  const header = tasksOf(headerOf(json)).map((member) => (isChord(member) ? linked(member) : member));
  return { ...json, kwargs: { ...json.kwargs, header, body: linked(bodyOf(json)) } };
}

/** Adds to a list of signatures among the options, unless it is there already. */
function addToList(signature: Signature, name: 'link' | 'link_error', added: Signature): Signature {
  const list = listOption(signature.options, name);
  const text = JSON.stringify(added);
  if (list.some((item) => JSON.stringify(item) === text)) return signature;
  return { ...signature, options: { ...signature.options, [name]: [...list, added] } };
}

/** An option that is a list or a single value, as a list. */
export function listOption(options: WireOptions, name: string): Signature[] {
  return decodeSignatures(options[name]) ?? [];
}
