import { toError } from '../../contract/errors.ts';
import type { Signature } from '../../protocol/signature.ts';
import { uuid } from '../../util/clock.ts';
import type { AnyResult } from '../any-result.ts';
import type { AppPort } from '../app-port.ts';
import type { AsyncResult } from '../async-result.ts';
import { directContext } from '../context.ts';
import { normalizeSteps } from './compose.ts';
import { GroupResult } from './group-result.ts';
import { listOption } from './links.ts';
import { linkSteps, merge, mergeOptions, type PartialCall } from './merge.ts';
import {
  bodyOf,
  headerOf,
  isChain,
  isChord,
  isGroup,
  tasksOf,
  textOption,
  type WireOptions,
} from './parts.ts';
import { fromWireOptions } from './wire-options.ts';

export interface EagerCall extends PartialCall {
  /** Throw the first error at once. Default: `task_eager_propagates`. */
  readonly throw?: boolean | undefined;
}

/**
 * Runs a signature in this process, one task after the other (celery/canvas.py `apply` of each). Callbacks run too. An
 * error of a step before the last is thrown, that of the last is in the result. Null when there is nothing to run.
 */
export async function applyEagerly(
  app: AppPort,
  signature: Signature,
  call: EagerCall,
): Promise<AnyResult | null> {
  if (isGroup(signature)) return groupEagerly(app, signature, call);
  if (isChord(signature)) return chordEagerly(app, signature, call);
  if (isChain(signature)) return chainEagerly(app, signature, call);
  return taskEagerly(app, signature, call);
}

async function taskEagerly(app: AppPort, signature: Signature, call: EagerCall): Promise<AnyResult> {
  const { task, args, kwargs, options } = merge(signature, call);
  const follow = async (result: AsyncResult<unknown>): Promise<void> => {
    const following = { parent_id: result.id, root_id: textOption(options, 'root_id') ?? result.id };
    if (await result.successful()) {
      const value = await result.get(INSIDE);
      for (const callback of listOption(options, 'link')) {
        await applyEagerly(app, callback, { args: [value], options: following });
      }
      return;
    }
    const exc = toError(await result.get({ ...INSIDE, propagate: false }));
    const request = { ...directContext(task, args), kwargs, id: result.id };
    for (const errback of listOption(options, 'link_error')) {
      if (await app.callErrback(errback, [request, exc, await result.traceback()])) continue;
      await applyEagerly(app, errback, { args: [result.id], options: following });
    }
  };
  const callOptions = {
    ...fromWireOptions(options),
    kwargs,
    ...(call.throw !== undefined && { throw: call.throw }),
  };
  return app.runNow(task, args, callOptions, follow);
}

async function chainEagerly(app: AppPort, chain: Signature, call: EagerCall): Promise<AnyResult | null> {
  const {
    link_error: _errbacks,
    link: _links,
    task_id: id,
    ...shared
  } = mergeOptions(chain.options, call.options ?? {});
  const links = listOption(chain.options, 'link');
  const steps = linkSteps(normalizeSteps(tasksOf(chain)), links, listOption(chain.options, 'link_error'));
  let last: AnyResult | null = null;
  let rootId = textOption(shared, 'root_id');
  for (const [index, step] of steps.entries()) {
    const own: WireOptions = index === steps.length - 1 && id ? { task_id: id } : {};
    const options: WireOptions = last
      ? { ...own, parent_id: last.id, root_id: rootId ?? last.id }
      : { ...own, ...shared };
    const partial: EagerCall = last ? { args: [await last.get(INSIDE)] } : { ...call };
    const result = await applyEagerly(app, step, { ...partial, throw: call.throw, options });
    if (!result) continue;
    // Of a chord the header comes before the body.
    if (last) firstOf(result).parent = last;
    else rootId ??= firstOf(result).id;
    last = result;
  }
  return last;
}

async function chordEagerly(app: AppPort, chord: Signature, call: EagerCall): Promise<AnyResult | null> {
  const header = await groupEagerly(app, headerOf(chord), call);
  const values = await header.get(INSIDE);
  const parentId = header.results.at(-1)?.id;
  const options = mergeOptions(chord.options, call.options ?? {});
  const body = await applyEagerly(app, bodyOf(chord), {
    args: [values],
    throw: call.throw,
    options: {
      ...(parentId !== undefined && { parent_id: parentId }),
      root_id: textOption(options, 'root_id') ?? header.results[0]?.id ?? null,
    },
  });
  if (body) firstOf(body).parent = header;
  return body;
}

async function groupEagerly(app: AppPort, group: Signature, call: EagerCall): Promise<GroupResult> {
  const options = mergeOptions(group.options, call.options ?? {});
  const { task_id: _id, ...shared } = options;
  const id = textOption(options, 'task_id') ?? uuid();
  const results: AnyResult[] = [];
  for (const [index, member] of tasksOf(group).entries()) {
    const memberOptions = { ...shared, group_id: id, group_index: index };
    const result = await applyEagerly(app, member, { ...call, options: memberOptions });
    if (result) results.push(result);
  }
  return new GroupResult(app, id, results);
}

function firstOf(result: AnyResult): AnyResult {
  return result.parent ? firstOf(result.parent) : result;
}

/** The results are there already: a task that runs a canvas eagerly may read them. */
const INSIDE = { disableSyncSubtasks: false };
