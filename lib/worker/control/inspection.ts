import { arch, platform, release } from 'node:os';
import type { Celery } from '../../app/celery.ts';
import { pythonRepr } from '../../protocol/repr.ts';
import type { Transport } from '../../transport/transport.ts';
import { nowSeconds } from '../../util/clock.ts';
import { maskUrl } from '../../util/mask.ts';
import { VERSION } from '../../util/version.ts';
import { readRevoked, writeRevoked } from '../mingle.ts';
import { taskInfo } from '../task-info.ts';
import { type Arguments, type ControlCommand, type ControlContext, failed, idsOf, ok } from './command.ts';
import { settingsTable } from './settings.ts';

/** Characters of one setting in a report. */
const MAX_SETTING = 2048;

/** Commands that look at the worker as a process. */
export const INSPECTION: Readonly<Record<string, ControlCommand>> = {
  ping: () => ok('pong'),
  clock: ({ app }) => ({ clock: app.clock.value }),
  report: ({ app, transport }) => ok(report(app, transport)),
  stats,
  hello,
  memdump: () =>
    Object.entries(process.memoryUsage())
      .map(([name, bytes]) => `${name}: ${(bytes / 1e6).toFixed(3)}MB`)
      .join('\n'),
  objgraph: () => failed("NotImplementedError('Node has no objgraph: take a heap snapshot instead.')"),
  memsample: () => `${(process.memoryUsage.rss() / 1e6).toFixed(3)}MB`,
};

/** In the lines of Celery's own (celery/app/utils.py `bugreport`). */
function report(app: Celery, transport: Transport): string {
  const { transport: name } = transport.brokerInfo();
  const results = app.conf.result_backend === null ? 'disabled' : maskUrl(app.conf.result_backend);
  return [
    '',
    `software -> umbel:${VERSION} node:${process.versions.node}`,
    `platform -> system:${platform()} ${release()} arch:${arch()}`,
    `app      -> ${app.main}`,
    `settings -> transport:${String(name)} results:${results}`,
    '',
    ...Object.entries(settingsTable(app)).map(([key, value]) => `${key}: ${pythonRepr(value, MAX_SETTING)}`),
    '',
  ].join('\n');
}

function stats({
  app,
  host,
  pool,
  autoscaler,
  startedAt,
  transport,
}: ControlContext): Record<string, unknown> {
  const usage = process.resourceUsage();
  return {
    total: Object.fromEntries(host.ledger.totals),
    pid: process.pid,
    clock: String(app.clock.value),
    uptime: Math.max(0, Math.round(nowSeconds() - startedAt)),
    pool: pool.info(),
    broker: transport.brokerInfo(),
    prefetch_count: host.consumer.prefetch,
    ...(autoscaler && { autoscaler: autoscaler.info() }),
    rusage: {
      utime: usage.userCPUTime / 1e6,
      stime: usage.systemCPUTime / 1e6,
      maxrss: usage.maxRSS,
      ixrss: usage.sharedMemorySize,
      idrss: usage.unsharedDataSize,
      isrss: usage.unsharedStackSize,
      minflt: usage.minorPageFault,
      majflt: usage.majorPageFault,
      nswap: usage.swappedOut,
      inblock: usage.fsRead,
      oublock: usage.fsWrite,
      msgsnd: usage.ipcSent,
      msgrcv: usage.ipcReceived,
      nsignals: usage.signalsCount,
      nvcsw: usage.voluntaryContextSwitches,
      nivcsw: usage.involuntaryContextSwitches,
    },
  };
}

/** Two workers tell each other what is revoked (celery/worker/consumer/mingle.py). */
function hello({ app, host, revocations }: ControlContext, args: Arguments): Record<string, unknown> | null {
  if (args['from_node'] === host.hostname) return null;
  revocations.learn(readRevoked(args['revoked']));
  return { revoked: writeRevoked(host.ledger.revoked), clock: app.clock.forward() };
}

/** Commands that list the tasks a worker holds. */
export const TASK_LISTS: Readonly<Record<string, ControlCommand>> = {
  active: ({ host }, { safe }) =>
    [...host.ledger.active].map((task) => taskInfo(task, host.hostname, safe === true)),
  reserved: ({ host, dispatcher }) => dispatcher.waiting().map((task) => taskInfo(task, host.hostname)),
  scheduled: async ({ host, schedule }) =>
    (await schedule.list()).map((task) => ({
      eta: task.request.etaText,
      priority: 6,
      request: taskInfo(task, host.hostname),
    })),
  revoked: ({ host }) => host.ledger.revoked.ids(),
  query_task: queryTask,
};

function queryTask({ host, dispatcher }: ControlContext, { ids }: Arguments): Record<string, unknown> {
  const wanted = new Set(idsOf(ids));
  const found: Record<string, unknown> = Object.create(null);
  const note = (state: string, tasks: Iterable<Parameters<typeof taskInfo>[0]>): void => {
    for (const task of tasks) {
      if (wanted.has(task.request.id)) found[task.request.id] = [state, taskInfo(task, host.hostname)];
    }
  };
  note('reserved', dispatcher.waiting());
  note('active', host.ledger.active);
  return found;
}
