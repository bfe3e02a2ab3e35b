import { isTaskState } from '../contract/states.ts';
import type { EventDispatcher } from '../events/dispatcher.ts';
import { decodeJson } from '../protocol/json.ts';
import { stampsIn } from '../protocol/stamps.ts';
import type { TaskHandle } from './handle.ts';

/** Characters of JSON. */
const MAX_META = 4096;

/** Sends the events of tasks (celery/worker/request.py), when they are switched on and the task wants them. */
export class TaskEvents {
  readonly #dispatcher: EventDispatcher;
  #isOn: boolean;

  constructor(dispatcher: EventDispatcher, isOn: boolean) {
    this.#dispatcher = dispatcher;
    this.#isOn = isOn;
    if (isOn) dispatcher.enable('task');
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** False when it was like that before. */
  switch(isOn: boolean): boolean {
    if (this.#isOn === isOn) return false;
    this.#isOn = isOn;
    if (isOn) this.#dispatcher.enable('task');
    else this.#dispatcher.disable('task');
    return true;
  }

  /** Beyond Celery's fields it says from which queue, and the stamps: its own monitors know that only from the sender, if at all. */
  received({ name, request, profile, delivery }: TaskHandle): void {
    if (!this.#isOn || !profile.sendEvents) return;
    const stamps = stampsIn(request.headers);
    this.#dispatcher.send('task-received', {
      uuid: request.id,
      name,
      args: request.argsrepr,
      kwargs: request.kwargsrepr,
      root_id: request.rootId,
      parent_id: request.parentId,
      retries: request.retries,
      eta: request.etaText,
      expires: request.expiresText,
      queue: delivery.queue,
      exchange: request.deliveryInfo.exchange,
      routing_key: request.deliveryInfo.routing_key,
      ...(stamps && { stamped_headers: stamps.names, stamps: stamps.values }),
    });
  }

  /** Any other event of a task, with the pid of the process that runs it: with prefork that is the child's. */
  send(request: TaskHandle, type: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#isOn && request.profile.sendEvents) {
      const place = request.pid === null ? {} : { pid: request.pid };
      this.#dispatcher.send(type, { uuid: request.request.id, ...place, ...fields });
    }
  }

  /**
   * A state that the task chose itself, such as PROGRESS, as an event of that name (`task-progress`) with its meta, so
   * that monitors see it without reading results. Large metas are left to the result.
   */
  customState(request: TaskHandle, state: string, metaText: string): void {
    if (!this.#isOn || isTaskState(state) || !/^[A-Z][A-Z_]*$/.test(state) || metaText.length > MAX_META)
      return;
    this.send(request, `task-${state.toLowerCase().replaceAll('_', '-')}`, { meta: decodeJson(metaText) });
  }

  unregistered(uuid: string, exception: string): void {
    if (this.#isOn) this.#dispatcher.send('task-failed', { uuid, exception });
  }
}
