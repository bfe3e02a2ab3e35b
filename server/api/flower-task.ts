import type { TaskRecord } from '../../lib/monitor/task-record.ts';

/** A task in Flower's shape: the same 31 keys. */
export function flowerTask(
  record: TaskRecord,
  children: readonly string[],
): Readonly<Record<string, unknown>> {
  const { facts } = record;
  return {
    uuid: record.uuid,
    name: facts.name,
    state: record.state,
    received: facts.received,
    sent: facts.sent,
    started: facts.started,
    rejected: facts.rejected,
    succeeded: facts.succeeded,
    failed: facts.failed,
    retried: facts.retried,
    revoked: facts.revoked,
    args: facts.args,
    kwargs: facts.kwargs,
    eta: facts.eta,
    expires: facts.expires,
    retries: facts.retries,
    worker: facts.worker,
    result: facts.result,
    exception: facts.exception,
    timestamp: facts.timestamp,
    runtime: facts.runtime,
    traceback: facts.traceback,
    exchange: facts.exchange,
    routing_key: facts.routingKey,
    clock: facts.clock,
    client: facts.client,
    root: facts.rootId,
    root_id: facts.rootId,
    parent: facts.parentId,
    parent_id: facts.parentId,
    children,
  };
}
