import type { TaskDetail } from '../../../lib/contract/records.ts';
import { READY_STATES } from '../../../lib/contract/states.ts';
import type { ResultMeta } from '../../../lib/protocol/result.ts';
import { nowSeconds } from '../../../lib/util/clock.ts';
import { applyMeta } from '../../collector/reconciler.ts';
import type { Room, RoomContext } from '../room.ts';

const EVENT_PATIENCE_MS = 2000;

/** One task. While somebody looks, the result store is watched too: progress of Python tasks is told only there. */
class TaskRoom implements Room<'task'> {
  readonly everyMs = 250;
  readonly #context: RoomContext;
  readonly #uuid: string;
  #isChanged = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | null = null;
  #unwatch: (() => Promise<void>) | null = null;

  constructor(context: RoomContext, uuid: string) {
    this.#context = context;
    this.#uuid = uuid;
    void this.#watch().catch(() => {
      // No result store, or it is away: the events still come.
    });
  }

  snapshot(): Promise<TaskDetail | null> {
    return this.#context.collector.reader.detail(this.#uuid);
  }

  note({ tasks }: { readonly tasks: readonly { readonly uuid: string }[] }): void {
    if (tasks.some(({ uuid }) => uuid === this.#uuid)) this.#isChanged = true;
  }

  async delta(): Promise<TaskDetail | undefined> {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    return (await this.#context.collector.reader.detail(this.#uuid)) ?? undefined;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
    void this.#unwatch?.().catch(() => {
      // The connection is gone, and the watch with it.
    });
  }

  async #watch(): Promise<void> {
    const { backend } = this.#context.collector.link;
    const unwatch = await backend.watch(this.#uuid, (meta) => this.#onState(meta));
    if (this.#isClosed) await unwatch();
    else this.#unwatch = unwatch;
  }

  /** An end is left to the event, which tells more; only when none comes the stored result stands for it. */
  #onState(meta: ResultMeta): void {
    if (!READY_STATES.has(meta.status)) this.#apply(meta);
    else if (!this.#isClosed) this.#timer ??= setTimeout(() => this.#apply(meta), EVENT_PATIENCE_MS);
  }

  #apply(meta: ResultMeta): void {
    const { monitor } = this.#context.collector;
    const record = monitor.tasks.get(this.#uuid);
    if (record && applyMeta(record, meta, nowSeconds())) monitor.touch(record);
  }
}

export function taskRoom(context: RoomContext, uuid: string): Room<'task'> {
  return new TaskRoom(context, uuid);
}
