import { READY_STATES } from '../../lib/contract/states.ts';
import { decodeException, exceptionRepr } from '../../lib/protocol/exception.ts';
import type { ResultMeta } from '../../lib/protocol/result.ts';
import { maskData, maskText } from '../../lib/util/mask.ts';
import type { Handler } from '../http/router.ts';
import { param, secondsArgument } from './arguments.ts';
import type { ApiContext } from './context.ts';
import { readResult } from './read-result.ts';

const MAX_WAIT_SECONDS = 300;

export const taskResult: Handler<ApiContext> = async ({ collector, sender }, request) => {
  const uuid = param(request, 'id');
  const seconds = Math.min(secondsArgument(request, 'timeout') ?? 0, MAX_WAIT_SECONDS);
  const meta =
    seconds > 0 ? await sender.wait(uuid, seconds) : await readResult(() => collector.link.backend.get(uuid));
  return { status: 200, body: resultBody(uuid, meta) };
};

/** A result in Flower's shape; secrets in it are masked, as everywhere here. */
export function resultBody(uuid: string, meta: ResultMeta | null): Readonly<Record<string, unknown>> {
  const head = { 'task-id': uuid, state: meta?.status ?? 'PENDING' };
  if (meta === null || !READY_STATES.has(meta.status)) return head;
  if (meta.status === 'SUCCESS') return { ...head, result: maskData(meta.result) };
  const result = maskText(exceptionRepr(decodeException(meta.result)));
  return meta.status === 'FAILURE'
    ? { ...head, result, traceback: meta.traceback === null ? null : maskText(meta.traceback) }
    : { ...head, result };
}
