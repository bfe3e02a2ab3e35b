import { UmbelError } from '../../contract/errors.ts';
import { Ignore } from '../../protocol/celery-errors.ts';
import { encodeSignature, type Signature } from '../../protocol/signature.ts';
import type { AppPort } from '../app-port.ts';
import { isChordBackend } from '../chord-backend.ts';
import type { TaskContext } from '../context.ts';
import { apply } from './apply.ts';
import { applyEagerly } from './apply-eagerly.ts';
import { pipe } from './compose.ts';
import { freeze } from './freeze.ts';
import { link, linkError } from './links.ts';
import { isChain, isEmptyChain, isGroup, tasksOf, without, withTasks } from './parts.ts';
import { stamp } from './stamp.ts';

/**
 * What to send in place of the running task, under its id and with all that was to follow it (celery/app/task.py
 * `Task.replace`). It inherits the stamps of the task, where it has none of that name itself.
 */
export function replacementFor(app: AppPort, context: TaskContext, by: Signature): Signature {
  if (context.calledDirectly) {
    throw new UmbelError('bad_request', 'Only a task that was sent can be replaced; this is a plain call.');
  }
  if (by.options['chord'] || isEmptyChain(by)) {
    throw new UmbelError(
      'bad_request',
      'A task cannot be replaced by a part of a chord, or by an empty chain.',
    );
  }
  const { embed } = context;
  const whole = inheritStamps(isGroup(by) ? pipe(by, FIRST_OF_ALL) : by, context);
  const called = (embed.callbacks ?? []).reduce((sig, callback) => link(sig, callback), whole);
  const onHeader = app.conf.task_allow_error_cb_on_chord_header;
  const linked = (embed.errbacks ?? []).reduce((sig, errback) => linkError(sig, errback, onHeader), called);
  const { signature } = freeze(linked, { oid: app.oid, id: context.id });
  const depth = context.replacedTaskNesting + 1;
  const nested = withNesting(signature, depth);
  const options = { ...nested.options, ...membership(context), root_id: context.rootId ?? context.id };
  const rest = [...(embed.chain ?? [])].reverse().map((step) => withNesting(step, depth));
  return rest.reduce((before, step) => pipe(before, step), { ...nested, options });
}

/** Sends a replacement. Throws `Ignore`, which ends the task; in eager mode it returns the value. */
export async function sendReplacement(
  app: AppPort,
  context: TaskContext,
  replacement: Signature,
): Promise<unknown> {
  if (context.isEager) {
    return (await applyEagerly(app, replacement, {}))?.get({ disableSyncSubtasks: false });
  }
  await apply(app, replacement, {});
  throw new Ignore('Replaced by new task');
}

function inheritStamps(signature: Signature, { stampedHeaders, stamps }: TaskContext): Signature {
  if (stampedHeaders === null) return signature;
  const missing = ({ options }: Signature): Record<string, unknown> =>
    Object.fromEntries(Object.entries(stamps).filter(([name]) => !(name in options)));
  return stamp(signature, {}, { onSignature: missing });
}

/**
 * Lets the chord of the running task wait for one more task; returns that one, to be sent. Throws `bad_request` outside
 * of a header, and `unsupported` where the backend cannot count.
 */
export async function addToChord(app: AppPort, context: TaskContext, added: Signature): Promise<Signature> {
  const { chord } = context.embed;
  if (chord === null || context.group === null) {
    throw new UmbelError('bad_request', 'The current task is not a member of any chord.');
  }
  const { signature } = freeze(added, { oid: app.oid });
  const options = { ...signature.options, ...membership(context), root_id: context.rootId ?? context.id };
  const backend = await app.backend();
  if (!isChordBackend(backend)) {
    throw new UmbelError(
      'unsupported',
      `A chord can only grow where the backend counts its tasks, such as Redis; ${backend.displayUrl} does not.`,
    );
  }
  await backend.addToChord(context.group);
  return { ...signature, options };
}

const FIRST_OF_ALL = encodeSignature({ task: 'celery.accumulate', kwargs: { index: 0 } });

function membership({ embed, group, groupIndex }: TaskContext): Record<string, unknown> {
  return without({ chord: embed.chord, group_id: group, group_index: groupIndex });
}

function withNesting(signature: Signature, depth: number): Signature {
  const nested = { ...signature, options: { ...signature.options, replaced_task_nesting: depth } };
  if (!isChain(nested)) return nested;
  return withTasks(
    nested,
    tasksOf(nested).map((step) => withNesting(step, depth)),
  );
}
