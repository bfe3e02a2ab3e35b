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

/**
 * Adds an errback. Of a chord the body tells, and with `onHeader` (`task_allow_error_cb_on_chord_header`) each header
 * task as well; chords in a header always do, which have bodies of their own.
 */
export function linkError(json: Signature, errback: Signature, onHeader = false): Signature {
  const linked = (member: Signature): Signature => linkError(member, errback, onHeader);
  if (isGroup(json)) return withTasks(json, tasksOf(json).map(linked));
  if (!isChord(json)) return addToList(json, 'link_error', errback);
  const forHeader = { ...errback, immutable: true };
  const header = tasksOf(headerOf(json)).map((member) => {
    if (isChord(member)) return linked(member);
    return onHeader ? linkError(member, forHeader, onHeader) : member;
  });
  return { ...json, kwargs: { ...json.kwargs, header, body: linked(bodyOf(json)) } };
}

/** A signature, and all that is linked to it, and to that (celery/canvas.py `flatten_links`). */
export function flattenLinks(json: Signature): Signature[] {
  return [json, ...listOption(json.options, 'link').flatMap(flattenLinks)];
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
