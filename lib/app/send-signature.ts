import { UmbelError } from '../contract/errors.ts';
import { decodeSignature, decodeSignatures, encodeSignature, type Signature } from '../protocol/signature.ts';
import { uuid } from '../util/clock.ts';
import type { AppPort } from './app-port.ts';
import type { ApplyOptions } from './apply-options.ts';
import { announceChord } from './chord.ts';

/** The task from which a signature is sent. */
export interface Sender {
  readonly id: string;
  readonly rootId: string | null;
}

/** Values that are put before a signature's own arguments, and what is left of the chain behind it. */
export interface Passing {
  readonly prepended: readonly unknown[];
  /** The last element comes next. */
  readonly chain: readonly Signature[];
}

/**
 * Sends a signature: a task, or a chain, group or chord that is taken apart here, because workers of Celery never
 * execute those as tasks (celery/canvas.py).
 */
export async function sendSignature(
  app: AppPort,
  signature: Signature,
  sender: Sender,
  passing: Passing,
): Promise<void> {
  switch (signature.task) {
    case 'celery.group':
      return sendGroup(app, signature, sender, passing);
    case 'celery.chain':
      return sendChain(app, signature, sender, passing);
    case 'celery.chord':
      return sendChord(app, signature, sender, passing);
    default: {
      const args = signature.immutable ? signature.args : [...passing.prepended, ...signature.args];
      await app.send(
        { name: signature.task },
        args,
        signature.kwargs,
        optionsOf(signature, sender, passing.chain),
      );
    }
  }
}

async function sendGroup(
  app: AppPort,
  signature: Signature,
  sender: Sender,
  { prepended }: Passing,
): Promise<void> {
  const group = textOption(signature, 'task_id') ?? textOption(signature, 'group_id') ?? uuid();
  const members = decodeSignatures(signature.kwargs['tasks']) ?? [];
  for (const [index, member] of members.entries()) {
    const options = { group_id: group, group_index: index, ...member.options };
    await sendSignature(app, { ...member, options }, sender, { prepended, chain: [] });
  }
}

/** The first step is sent with the others in its chain, last first. Each has its id beforehand, so that all agree. */
async function sendChain(
  app: AppPort,
  signature: Signature,
  sender: Sender,
  { prepended, chain }: Passing,
): Promise<void> {
  const steps = stepsOf(signature);
  const [first, ...rest] = steps;
  if (first) await sendSignature(app, first, sender, { prepended, chain: [...chain, ...rest.reverse()] });
}

/** Each header task carries the body; the one that ends last calls it. What comes after the chord joins its body. */
async function sendChord(
  app: AppPort,
  signature: Signature,
  sender: Sender,
  { prepended, chain }: Passing,
): Promise<void> {
  const { header } = signature.kwargs;
  const body = bodyOf(signature, chain);
  const members = Array.isArray(header) ? decodeSignatures(header) : [decodeSignature(header)];
  const group = (Array.isArray(header) ? null : textOption(decodeSignature(header), 'task_id')) ?? uuid();
  const leaves = (members ?? []).flatMap(leavesOf);
  if (leaves.length === 0) {
    await sendSignature(app, body, sender, { prepended: [[]], chain: [] });
    return;
  }
  await announceChord(app, group, leaves.length);
  for (const [index, leaf] of leaves.entries()) {
    const member = asMember(leaf, { group_id: group, group_index: index, chord: body });
    await sendSignature(app, member, sender, { prepended, chain: [] });
  }
}

function bodyOf(signature: Signature, chain: readonly Signature[]): Signature {
  const body = decodeSignature(signature.kwargs['body']);
  const withId = { ...body, options: { task_id: uuid(), ...body.options } };
  if (chain.length === 0) return withId;
  return encodeSignature({
    task: 'celery.chain',
    kwargs: { tasks: [withId, ...[...chain].reverse()] },
    subtask_type: 'chain',
  });
}

/** Nested groups count as their members. */
function leavesOf(signature: Signature): Signature[] {
  if (signature.task !== 'celery.group') return [signature];
  return (decodeSignatures(signature.kwargs['tasks']) ?? []).flatMap(leavesOf);
}

/** Puts the chord's options on what ends last in a header member. */
function asMember(signature: Signature, options: Readonly<Record<string, unknown>>): Signature {
  switch (signature.task) {
    case 'celery.chain': {
      const steps = stepsOf(signature);
      const last = steps.pop();
      if (last) steps.push(asMember(last, options));
      return { ...signature, kwargs: { ...signature.kwargs, tasks: steps } };
    }
    case 'celery.chord': {
      const body = asMember(decodeSignature(signature.kwargs['body']), options);
      return { ...signature, kwargs: { ...signature.kwargs, body } };
    }
    case 'celery.group':
      throw new UmbelError('unsupported', 'A chain in the header of a chord must not end in a group.');
    default:
      return { ...signature, options: { ...signature.options, ...options } };
  }
}

function stepsOf(signature: Signature): Signature[] {
  return (decodeSignatures(signature.kwargs['tasks']) ?? []).map((step) => ({
    ...step,
    options: { task_id: uuid(), ...step.options },
  }));
}

function optionsOf(signature: Signature, sender: Sender, chain: readonly Signature[]): ApplyOptions {
  const { options } = signature;
  const all: Record<string, unknown> = {
    taskId: textOption(signature, 'task_id'),
    replyTo: textOption(signature, 'reply_to'),
    queue: textOption(signature, 'queue'),
    exchange: textOption(signature, 'exchange'),
    routingKey: textOption(signature, 'routing_key'),
    shadow: textOption(signature, 'shadow'),
    group: textOption(signature, 'group_id'),
    groupIndex: options['group_index'],
    priority: options['priority'],
    countdown: options['countdown'],
    eta: options['eta'],
    expires: options['expires'],
    timeLimit: options['time_limit'],
    softTimeLimit: options['soft_time_limit'],
    ignoreResult: options['ignore_result'],
    headers: options['headers'],
    link: decodeSignatures(options['link']),
    linkError: decodeSignatures(options['link_error']),
    chain: [...chain, ...(decodeSignatures(options['chain']) ?? [])],
    chord: options['chord'] ? decodeSignature(options['chord']) : undefined,
    rootId: sender.rootId ?? sender.id,
    parentId: sender.id,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== null));
}

function textOption({ options }: Signature, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}
