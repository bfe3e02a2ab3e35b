import { UmbelError } from '../../lib/contract/errors.ts';
import type { Handler } from '../http/router.ts';
import { argument, flagArgument } from './arguments.ts';
import type { ApiContext } from './context.ts';

/** What workers answered to inspect; with `refresh` asked now, with `status` only who is alive. */
export const workers: Handler<ApiContext> = async ({ collector, desk }, request) => {
  const { monitor, inspector } = collector;
  const name = argument(request, 'workername');
  if (name !== undefined && name !== 'All') desk.demandWorker(name);
  const wanted = name === undefined || name === 'All' ? null : name;
  if (flagArgument(request, 'status')) {
    const known = [...monitor.workers.values()].filter((worker) => wanted === null || worker.name === wanted);
    return {
      status: 200,
      body: Object.fromEntries(known.map((worker) => [worker.name, worker.status !== 'offline'])),
    };
  }
  if (flagArgument(request, 'refresh')) await inspector.refresh(wanted === null ? undefined : [wanted]);
  const names = wanted === null ? inspector.names() : [wanted];
  const entries = names.flatMap((worker) => {
    const inspection = inspector.get(worker);
    return inspection ? [[worker, { ...inspection.answers, timestamp: inspection.timestamp }] as const] : [];
  });
  if (wanted !== null && entries.length === 0)
    throw new UmbelError('not_found', `Unknown worker '${wanted}'`);
  return { status: 200, body: Object.fromEntries(entries) };
};
