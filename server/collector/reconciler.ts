import { EXCEPTION_STATES, READY_STATES } from '../../lib/contract/states.ts';
import { recordOf } from '../../lib/monitor/event-fields.ts';
import type { Monitor } from '../../lib/monitor/monitor.ts';
import { readProgress } from '../../lib/monitor/progress.ts';
import type { TaskRecord } from '../../lib/monitor/task-record.ts';
import { decodeException, exceptionRepr } from '../../lib/protocol/exception.ts';
import { pythonRepr } from '../../lib/protocol/repr.ts';
import type { ResultMeta } from '../../lib/protocol/result.ts';
import { nowSeconds } from '../../lib/util/clock.ts';
import { maskData, maskText } from '../../lib/util/mask.ts';
import type { ClusterLink } from './cluster-link.ts';
import type { History } from './history/history.ts';
import { decodeTask } from './history/stored-task.ts';

const MAX_ASKED = 2000;
const AT_ONCE = 20;

/** Mends what missed events left behind: asks the result store about tasks that look unfinished. */
export class Reconciler {
  readonly #link: ClusterLink;
  readonly #monitor: Monitor;
  readonly #history: History;

  constructor(link: ClusterLink, monitor: Monitor, history: History) {
    this.#link = link;
    this.#monitor = monitor;
    this.#history = history;
  }

  /** Looks at every unfinished task, newest first, at most 2000. Returns how many had ended. */
  async run(): Promise<number> {
    const ids = await this.#history.unfinished(MAX_ASKED);
    let ended = 0;
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const settled = await Promise.all(ids.slice(from, from + AT_ONCE).map((uuid) => this.#reconcile(uuid)));
      ended += settled.filter(Boolean).length;
    }
    return ended;
  }

  async #reconcile(uuid: string): Promise<boolean> {
    const meta = await this.#link.backend.get(uuid);
    if (meta === null || !READY_STATES.has(meta.status)) return false;
    const record = this.#monitor.tasks.get(uuid) ?? decodeTask(await this.#history.get(uuid));
    if (record === null || record.isReady) return false;
    applyMeta(record, meta, nowSeconds());
    this.#monitor.touch(record);
    return true;
  }
}

/** Takes over what the result store says of a task. Returns whether anything changed. */
export function applyMeta(record: TaskRecord, meta: ResultMeta, now: number): boolean {
  const { status } = meta;
  if (status === 'SUCCESS' || status === 'FAILURE' || status === 'REVOKED') {
    if (record.isReady) return false;
    const at = meta.dateDone === null ? now : Date.parse(meta.dateDone) / 1000 || now;
    const result = EXCEPTION_STATES.has(status)
      ? maskText(exceptionRepr(decodeException(meta.result)))
      : pythonRepr(maskData(meta.result));
    record.settle(status, at, result, meta.traceback === null ? null : maskText(meta.traceback));
    return true;
  }
  const progress = readProgress(recordOf(meta.result) ?? {});
  if (progress === null || record.isReady) return false;
  record.facts.progress = progress;
  return true;
}
