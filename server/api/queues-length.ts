import type { Handler } from '../http/router.ts';
import type { ApiContext } from './context.ts';

/** Lengths of all known queues, measured now. */
export const queuesLength: Handler<ApiContext> = async ({ collector: { monitor, link } }) => {
  const samples = await link.transport.sampleQueues(monitor.queues.names().sort());
  return { status: 200, body: { active_queues: samples.map(({ name, messages }) => ({ name, messages })) } };
};
