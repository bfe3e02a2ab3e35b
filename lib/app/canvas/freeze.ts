import type { Signature } from '../../protocol/signature.ts';
import { uuid } from '../../util/clock.ts';
import { normalizeSteps } from './compose.ts';
import { linkSteps, withPartial } from './merge.ts';
import {
  bodyOf,
  groupOf,
  headerOf,
  isChain,
  isChord,
  isEmptyChain,
  isGroup,
  tasksOf,
  textOption,
  type WireOptions,
  withTasks,
} from './parts.ts';
import { type ResultNode, resultNode, rootOf } from './result-node.ts';

/** What freezing writes into the options of whatever ends last. */
export interface FreezeOptions {
  /** The sender's own id, for `reply_to`. */
  readonly oid: string;
  /** Id of the task if it has none yet. */
  readonly id?: string | undefined;
  readonly groupId?: string | undefined;
  readonly groupIndex?: number | undefined;
  readonly chord?: Signature | undefined;
  readonly rootId?: string | undefined;
  readonly parentId?: string | undefined;
}

export interface Frozen {
  readonly signature: Signature;
  readonly node: ResultNode;
}

/**
 * Gives every task of a signature its id (celery/canvas.py `freeze`), so that all who send parts of it agree on where
 * results are. What has an id keeps it.
 */
export function freeze(signature: Signature, options: FreezeOptions): Frozen {
  if (isGroup(signature)) return freezeGroup(signature, options);
  if (isChord(signature)) return freezeChord(signature, options);
  if (isChain(signature)) return freezeChain(signature, options);
  return freezeTask(signature, options);
}

function freezeTask(signature: Signature, freezing: FreezeOptions): Frozen {
  const { oid, id, groupId, groupIndex, chord, rootId, parentId } = freezing;
  const taskId = textOption(signature.options, 'task_id') ?? id ?? uuid();
  const options: WireOptions = {
    ...signature.options,
    task_id: taskId,
    ...(rootId && { root_id: rootId }),
    ...(parentId && { parent_id: parentId }),
    reply_to: signature.options['reply_to'] ?? oid,
    ...(groupId && { group_id: signature.options['group_id'] ?? groupId }),
    ...(chord && { chord }),
    ...(groupIndex !== undefined && { group_index: groupIndex }),
  };
  return { signature: { ...signature, options }, node: resultNode(taskId) };
}

/** Groups in a group are taken apart, so that a chord counts their members. */
export function freezeGroup(signature: Signature, freezing: FreezeOptions): Frozen {
  const { groupId, groupIndex, chord, oid } = freezing;
  const own = signature.options;
  const id = textOption(own, 'task_id') ?? groupId ?? uuid();
  const rootId = textOption(own, 'root_id') ?? freezing.rootId;
  const parentId = textOption(own, 'parent_id') ?? freezing.parentId;
  const options: WireOptions = {
    ...own,
    task_id: id,
    ...(groupId && { group_id: groupId }),
    ...(chord && { chord }),
    ...(groupIndex !== undefined && { group_index: groupIndex }),
    root_id: rootId ?? null,
    parent_id: parentId ?? null,
  };
  const members = flattenGroups(tasksOf(signature)).map((member, index) =>
    freeze(member, { oid, groupId, chord, rootId, parentId, groupIndex: index }),
  );
  return {
    signature: withTasks(
      { ...signature, options },
      members.map((member) => member.signature),
    ),
    node: resultNode(
      id,
      members.map(({ node }) => node),
    ),
  };
}

/** The header has the frozen body in every task; the body's result has the header as its parent. */
function freezeChord(signature: Signature, freezing: FreezeOptions): Frozen {
  const { oid, id, rootId, parentId, chord, groupId, groupIndex } = freezing;
  const body = freeze(bodyOf(signature), { oid, id, rootId, chord, groupId, groupIndex });
  const header = freezeGroup(headerOf(signature), { oid, rootId, parentId, chord: body.signature });
  rootOf(body.node).parent = header.node;
  return {
    signature: {
      ...signature,
      kwargs: { ...signature.kwargs, header: header.signature, body: body.signature },
      options: { ...signature.options, task_id: header.node.id },
    },
    node: body.node,
  };
}

function freezeChain(signature: Signature, freezing: FreezeOptions): Frozen {
  const steps = freezeSteps(signature, freezing);
  const last = steps.at(-1);
  if (!last) return { signature, node: resultNode(freezing.id ?? uuid()) };
  return {
    signature: withTasks(
      { ...signature, options: { ...signature.options, task_id: last.node.id } },
      steps.map((step) => step.signature),
    ),
    node: last.node,
  };
}

/** The steps of a chain with their ids; each result has the one before as its parent. */
export function freezeSteps(
  chain: Signature,
  freezing: FreezeOptions,
  links: readonly Signature[] = [],
  errbacks: readonly Signature[] = [],
  onHeader = false,
): Frozen[] {
  const { oid, rootId } = freezing;
  const id = freezing.id ?? textOption(chain.options, 'task_id');
  const normal = normalizeSteps(tasksOf(withPartial(chain, { args: chain.args })));
  const steps = linkSteps(normal, links, errbacks, onHeader);
  const frozen = steps.map((step, index) =>
    freeze(step, index === steps.length - 1 ? { ...freezing, id } : { oid, rootId }),
  );
  for (const [index, { node }] of frozen.entries()) {
    const previous = frozen[index - 1];
    if (previous) rootOf(node).parent = previous.node;
  }
  return frozen;
}

function flattenGroups(members: readonly Signature[]): Signature[] {
  return members
    .filter((member) => !isEmptyChain(member))
    .flatMap((member) => (isGroup(member) ? flattenGroups(tasksOf(member)) : [member]));
}

/** The header of a chord as a group with an id, whatever it was. */
export function asHeader(chord: Signature): Signature {
  const header = headerOf(chord);
  const id = textOption(header.options, 'task_id') ?? textOption(chord.options, 'task_id') ?? uuid();
  return groupOf(tasksOf(header), { ...header.options, task_id: id });
}
