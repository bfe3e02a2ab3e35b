import { UmbelError } from '../contract/errors.ts';
import { composeResult } from '../protocol/result.ts';
import { decodeSignature, decodeSignatures, type Signature } from '../protocol/signature.ts';
import { uuid } from '../util/clock.ts';
import type { AppPort } from './app-port.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { TaskContext } from './context.ts';

/** Sends what follows a success: callbacks first, then the next step of its chain (celery/app/trace.py). */
export async function sendSuccessors(app: AppPort, context: TaskContext, value: unknown): Promise<void> {
  const { callbacks, chain, chord } = context.embed;
  if (chord) {
    throw new UmbelError(
      'unsupported',
      `The task belongs to a chord, which Umbel cannot complete yet: ${chord.task} will not be called.`,
    );
  }
  for (const callback of callbacks ?? []) await sendSignature(app, callback, context, [value], []);
  const next = chain?.at(-1);
  if (next) await sendSignature(app, next, context, [value], chain?.slice(0, -1) ?? []);
}

/** Sends the errbacks of a failure, each with the failed id, as Celery does for tasks that take one argument. */
export async function sendErrbacks(app: AppPort, context: TaskContext): Promise<void> {
  for (const errback of context.embed.errbacks ?? []) {
    await sendSignature(app, errback, context, [context.id], []);
  }
}

/** Steps that will never run get the failure as their result, so that nobody waits for ever. */
export async function failChain(
  app: AppPort,
  context: TaskContext,
  resultText: string,
  traceback: string,
): Promise<void> {
  const ids = (context.embed.chain ?? []).map(({ options }) => options['task_id']);
  const known = ids.filter((id) => typeof id === 'string');
  if (known.length === 0) return;
  const backend = await app.backend();
  for (const taskId of known) {
    await backend.store({
      taskId,
      text: composeResult({ taskId, status: 'FAILURE', resultText, traceback }),
    });
  }
}

/** Sends a signature: a task, or a chain or group that has to be taken apart (celery/canvas.py). */
async function sendSignature(
  app: AppPort,
  signature: Signature,
  context: TaskContext,
  prepended: readonly unknown[],
  chain: readonly Signature[],
): Promise<void> {
  switch (signature.task) {
    case 'celery.group':
      return sendGroup(app, signature, context, prepended);
    case 'celery.chain':
      return sendChain(app, signature, context, prepended, chain);
    case 'celery.chord':
      throw new UmbelError('unsupported', 'The next step is a chord, which Umbel cannot send yet.');
    default: {
      const args = signature.immutable ? signature.args : [...prepended, ...signature.args];
      const options = optionsOf(signature, context, chain);
      await app.send({ name: signature.task }, args, signature.kwargs, options);
    }
  }
}

async function sendGroup(
  app: AppPort,
  signature: Signature,
  context: TaskContext,
  prepended: readonly unknown[],
): Promise<void> {
  const group = textOption(signature, 'task_id') ?? textOption(signature, 'group_id') ?? uuid();
  const members = decodeSignatures(signature.kwargs['tasks']) ?? [];
  for (const [index, member] of members.entries()) {
    const options = { group_id: group, group_index: index, ...member.options };
    await sendSignature(app, { ...member, options }, context, prepended, []);
  }
}

/** The first step is sent with the others in its chain, last first; each has its id beforehand, so that all agree. */
async function sendChain(
  app: AppPort,
  signature: Signature,
  context: TaskContext,
  prepended: readonly unknown[],
  after: readonly Signature[],
): Promise<void> {
  const steps = (decodeSignatures(signature.kwargs['tasks']) ?? []).map((step) => ({
    ...step,
    options: { task_id: uuid(), ...step.options },
  }));
  const [first, ...rest] = steps;
  if (first) await sendSignature(app, first, context, prepended, [...after, ...rest.reverse()]);
}

function optionsOf(signature: Signature, context: TaskContext, chain: readonly Signature[]): ApplyOptions {
  const { options } = signature;
  const ownChain = decodeSignatures(options['chain']) ?? [];
  const chord = options['chord'];
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
    chain: chain.length > 0 || context.embed.chain ? [...chain, ...ownChain] : ownChain,
    chord: chord ? decodeSignature(chord) : undefined,
    rootId: context.rootId ?? context.id,
    parentId: context.id,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== null));
}

function textOption({ options }: Signature, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}
