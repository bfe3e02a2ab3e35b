import type { GroupBackend } from '../../backend/backend.ts';
import { UmbelError } from '../../contract/errors.ts';
import { encodeJson } from '../../protocol/json.ts';
import { isRecord } from '../../protocol/record.ts';
import type { Signature } from '../../protocol/signature.ts';
import { uuid } from '../../util/clock.ts';
import type { AnyResult } from '../any-result.ts';
import type { AppPort } from '../app-port.ts';
import { groupBackend, isChordBackend } from '../chord-backend.ts';
import { currentContext } from '../context.ts';
import { checkCalls } from './check-calls.ts';
import { unlockCall } from './chord-unlock-call.ts';
import { countEnds } from './compose.ts';
import { asHeader, type Frozen, freeze, freezeGroup, freezeSteps } from './freeze.ts';
import { listOption } from './links.ts';
import { merge, mergeOptions, type PartialCall } from './merge.ts';
import {
  bodyOf,
  isChain,
  isChord,
  isEmptyChain,
  isGroup,
  tasksOf,
  textOption,
  type WireOptions,
  without,
} from './parts.ts';
import { resultFrom } from './result-from.ts';
import { type ResultNode, rootOf, tupleOf } from './result-node.ts';
import { fromWireOptions } from './wire-options.ts';

/*
 * Sends signatures: a task as it is; chains, groups and chords taken apart, because workers never execute those as
 * tasks (celery/canvas.py `apply_async` of each). Clients and workers send the same way.
 */

/**
 * Sends a signature with what is added to it. Resolves when the broker has its messages; null when there are none. Throws
 * TypeError before any is sent when a task that is registered here cannot take its arguments.
 */
export async function apply(
  app: AppPort,
  signature: Signature,
  partial: PartialCall,
): Promise<AnyResult | null> {
  checkCalls(app, signature, partial);
  return send(app, signature, partial);
}

async function send(app: AppPort, signature: Signature, partial: PartialCall): Promise<AnyResult | null> {
  if (isGroup(signature)) return applyGroup(app, signature, partial);
  if (isChord(signature)) return applyChord(app, signature, partial);
  if (isChain(signature)) return applyChain(app, signature, partial);
  return applyTask(app, signature, partial);
}

function applyTask(app: AppPort, signature: Signature, partial: PartialCall): Promise<AnyResult> {
  const { task, args, kwargs, options } = merge(signature, partial);
  const routeName = mappedTask(signature);
  return app.send(app.tasks.get(task) ?? { name: task }, args, kwargs, {
    ...fromWireOptions(options),
    ...(routeName !== null && { routeName }),
  });
}

/** A map is routed as the task that it maps. */
function mappedTask({ task, kwargs }: Signature): string | null {
  if (task !== 'celery.map' && task !== 'celery.starmap') return null;
  const mapped = kwargs['task'];
  return isRecord(mapped) && typeof mapped['task'] === 'string' ? mapped['task'] : null;
}

/** The first step carries the others, last first; each has its id beforehand. */
async function applyChain(app: AppPort, chain: Signature, partial: PartialCall): Promise<AnyResult | null> {
  const options = mergeOptions(chain.options, partial.options ?? {});
  const steps = freezeSteps(
    chain,
    {
      oid: app.oid,
      id: textOption(options, 'task_id'),
      groupId: textOption(options, 'group_id'),
      groupIndex: indexOption(options),
      chord: signatureOption(options, 'chord'),
      rootId: textOption(options, 'root_id'),
    },
    listOption(options, 'link'),
    listOption(options, 'link_error'),
    app.conf.task_allow_error_cb_on_chord_header,
  );
  const [first, ...rest] = steps.map(({ signature }) => signature);
  const last = steps.at(-1);
  if (!first || !last) return null;
  const result = await send(app, first, {
    ...(!chain.immutable && { args: partial.args ?? [], kwargs: partial.kwargs ?? {} }),
    options: {
      ...without(options, 'task_id', 'group_id', 'group_index', 'chord', 'link', 'link_error'),
      chain: [...listOption(options, 'chain'), ...rest.reverse()],
    },
  });
  return rest.length === 0 ? result : resultFrom(app, last.node);
}

interface GroupCall extends PartialCall {
  /** Called before the last message, with the number of ends to wait for. */
  readonly beforeLast?: (size: number) => Promise<void>;
}

async function applyGroup(app: AppPort, group: Signature, call: GroupCall): Promise<AnyResult> {
  const options = mergeOptions(group.options, call.options ?? {});
  if (options['link'] || options['link_error']) {
    throw new UmbelError('bad_request', 'A group cannot be linked: use a chord, or link its tasks.');
  }
  const groupId = textOption(options, 'task_id') ?? uuid();
  const rootId = textOption(options, 'root_id');
  const members = prepare(app, tasksOf(group), groupId, rootId);
  const shared: WireOptions = {
    ...without(options, 'task_id', 'group_index', 'add_to_parent'),
    group_id: groupId,
    add_to_parent: false,
  };
  const sendMember = ({ signature }: Frozen): Promise<AnyResult | null> =>
    send(app, signature, { ...call, options: shared });
  const last = call.beforeLast ? members.at(-1) : undefined;
  // Sent in this order, and the broker's answers are awaited together.
  await Promise.all((last ? members.slice(0, -1) : members).map(sendMember));
  if (last) {
    await call.beforeLast?.(members.reduce((sum, { signature }) => sum + countEnds(signature), 0));
    await sendMember(last);
  }
  const result = resultFrom(app, groupNode(groupId, members));
  if (options['add_to_parent'] !== false) noteChild(result);
  return result;
}

function groupNode(id: string, members: readonly Frozen[]): ResultNode {
  const nodes = members.map(({ node }) => node);
  const [only] = nodes;
  // A group of one chain that ends in a group: its result is that group's.
  if (only?.members && nodes.length === 1) return only;
  return { id, parent: null, members: nodes };
}

/** The tasks of a group with their ids; groups in it are taken apart, and count anew as in Celery. */
function prepare(
  app: AppPort,
  members: readonly Signature[],
  groupId: string,
  rootId: string | undefined,
): Frozen[] {
  return members
    .filter((member) => !isEmptyChain(member))
    .flatMap((member, groupIndex) =>
      isGroup(member)
        ? prepare(app, tasksOf(member), groupId, rootId)
        : [freeze(member, { oid: app.oid, groupId, rootId, groupIndex })],
    );
}

const FOR_THE_HEADER_ALONE = ['countdown', 'eta', 'parent_id', 'add_to_parent'];
const FOR_THE_BODY_ALONE = ['chain', 'chord', 'link', 'link_error', 'task_id'];

/** Each header task carries the body; the one that ends last calls it. What comes after the chord comes after its body. */
async function applyChord(app: AppPort, chord: Signature, partial: PartialCall): Promise<AnyResult | null> {
  const added = partial.options ?? {};
  const options = { ...chord.options, ...without(added) };
  const plain = asHeader(chord);
  const groupId = textOption(plain.options, 'task_id') ?? uuid();
  const forBody = without(options, ...FOR_THE_HEADER_ALONE, 'task_id');
  const body = freeze(merge(bodyOf(chord), { options: forBody }), {
    oid: app.oid,
    id: textOption(added, 'task_id') ?? uuid(),
    groupId,
  });
  const rootId = textOption(bodyOf(chord).options, 'root_id');
  const header = freezeGroup(plain, { oid: app.oid, groupId, rootId, chord: body.signature });
  if (tasksOf(header.signature).length === 0) return apply(app, body.signature, { args: [[]] });
  const backend = groupBackend(await app.backend());
  if (isChordBackend(backend)) await saveNested(backend, header.node);
  const { args = [], kwargs = {} } = partial;
  await applyGroup(app, header.signature, {
    args: chord.immutable ? chord.args : [...args, ...chord.args],
    kwargs,
    options: without(options, ...FOR_THE_BODY_ALONE),
    beforeLast: (size) =>
      isChordBackend(backend)
        ? backend.setChordSize(groupId, size)
        : sendUnlock(app, header.node, body.signature),
  });
  const first = rootOf(body.node);
  first.parent = header.node;
  return resultFrom(app, body.node);
}

/** With groups in a header the body gets lists in its list; this is how the last member knows which. */
async function saveNested(backend: GroupBackend, { id, members }: ResultNode): Promise<void> {
  if (!members?.some((member) => member.members !== null)) return;
  await backend.saveGroup(id, encodeJson({ result: tupleOf({ id, parent: null, members }) }));
}

async function sendUnlock(app: AppPort, header: ResultNode, body: Signature): Promise<void> {
  const { args, kwargs, options } = unlockCall(header, body, app.conf.result_chord_retry_interval);
  await app.send({ name: 'celery.chord_unlock' }, args, kwargs, options);
}

function noteChild(result: AnyResult): void {
  const context = currentContext();
  if (context?.trail === true) context.children.push(result.asTuple());
}

function indexOption({ group_index: index }: WireOptions): number | undefined {
  return typeof index === 'number' ? index : undefined;
}

function signatureOption(options: WireOptions, name: string): Signature | undefined {
  return listOption(options, name)[0];
}
