import { UmbelError } from '../../contract/errors.ts';

/** Where a result will be found, before there is one: its id, what came before it, and of a group its members. */
export interface ResultNode {
  readonly id: string;
  parent: ResultNode | null;
  readonly members: readonly ResultNode[] | null;
}

export function resultNode(id: string, members: readonly ResultNode[] | null = null): ResultNode {
  return { id, parent: null, members };
}

/** The first of those that came before, or itself. */
export function rootOf(node: ResultNode): ResultNode {
  let root = node;
  while (root.parent) root = root.parent;
  return root;
}

/** Reads `[[id, parent], null | [members]]` (celery/result.py `result_from_tuple`). Throws `bad_message`. */
export function nodeFromTuple(tuple: unknown): ResultNode {
  if (typeof tuple === 'string') return resultNode(tuple);
  const [own, members]: unknown[] = Array.isArray(tuple) ? tuple : [];
  const [id, parent]: unknown[] = Array.isArray(own) ? own : [own];
  if (typeof id !== 'string' || id === '') {
    throw new UmbelError('bad_message', 'A stored result refers to another one without an id.');
  }
  return {
    id,
    parent: parent === null || parent === undefined ? null : nodeFromTuple(parent),
    members: Array.isArray(members) ? members.map(nodeFromTuple) : null,
  };
}

/** `[[id, null], null | [members]]`: the same in the form that travels, without what came before. */
export function tupleOf({ id, members }: ResultNode): unknown {
  return [[id, null], members?.map(tupleOf) ?? null];
}

/** Ids of the tasks whose results it is made of. */
export function leafIds({ id, members }: ResultNode): string[] {
  return members === null ? [id] : members.flatMap(leafIds);
}
