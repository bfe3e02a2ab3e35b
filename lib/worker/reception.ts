import type { Celery } from '../app/celery.ts';
import { limitsOf } from '../app/payload-format.ts';
import { toError } from '../contract/errors.ts';
import { NotRegistered } from '../protocol/celery-errors.ts';
import { encodeException, exceptionRepr } from '../protocol/exception.ts';
import type { PayloadLimits } from '../protocol/payload.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { decodeTaskRequest, type TaskRequest } from '../protocol/task-message.ts';
import type { Delivery } from '../transport/transport.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';
import { parkedText } from './parked-text.ts';
import { recordText } from './record-text.ts';
import { Request } from './request.ts';
import type { Schedule } from './schedule.ts';
import type { TaskProfiles } from './task-profile.ts';

export interface ReceptionOptions {
  readonly app: Celery;
  readonly host: RequestHost;
  readonly profiles: TaskProfiles;
  readonly dispatcher: Dispatcher;
  readonly schedule: Schedule;
  /** Takes a task that may run. */
  readonly admit: (task: TaskHandle) => void;
}

/** Turns deliveries into requests (celery/worker/strategy.py): decode, look up, revoked?, ETA?, else to the pool. */
export class Reception {
  readonly #options: ReceptionOptions;
  readonly #limits: PayloadLimits;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#limits = limitsOf(options.app.conf);
  }

  receive(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      try {
        this.#receiveOne(delivery);
      } catch (error) {
        // Whatever it is, it must not keep the others from running.
        this.#park(delivery, toError(error));
      }
    }
    this.#options.dispatcher.pump();
  }

  #receiveOne(delivery: Delivery): void {
    const { host, profiles, schedule } = this.#options;
    const request = decodeTaskRequest(delivery.message, this.#limits);
    const profile = profiles.get(request.task);
    if (profile === undefined) {
      void this.#refuseUnknown(delivery, request);
      return;
    }
    const task = new Request(host, delivery, request, profile);
    if (host.logger.isEnabled('INFO')) host.logger.info(`Task ${task.label} received`);
    if (task.discardIfRevoked()) return;
    if (host.signals.has('task_received')) {
      void host.signals.send('task_received', { sender: host.hostname, request });
    }
    host.events.received(task);
    if (request.eta !== null && request.eta * 1000 > host.nowMs()) schedule.add(task, request.eta * 1000);
    else this.#options.admit(task);
  }

  /** A task of a message that was received before, as it was then; null when that can no longer be. */
  revive(delivery: Delivery): TaskHandle | null {
    const { host, profiles } = this.#options;
    const request = decodeTaskRequest(delivery.message, this.#limits);
    const profile = profiles.get(request.task);
    return profile === undefined ? null : new Request(host, delivery, request, profile);
  }

  #park(delivery: Delivery, exc: Error): void {
    const { host } = this.#options;
    const reason = exc.message;
    host.logger.warning(parkedText(delivery.queue, reason));
    host.consumer.park(delivery.tag, reason);
    void host.signals.send('task_rejected', { sender: host.hostname, message: delivery.message, exc });
  }

  async #refuseUnknown(delivery: Delivery, request: TaskRequest): Promise<void> {
    const { host } = this.#options;
    host.logger.error(unknownTaskText(delivery, request));
    const error = new NotRegistered(request.task);
    const text = JSON.stringify(encodeException(error));
    if (request.ignoreResult !== true) {
      const details = { request, traceback: null, children: [], extended: null };
      await host.results.store(request.id, recordText(request.id, 'FAILURE', text, details), request.replyTo);
    }
    await host.tellEnded(request, 'FAILURE', text);
    host.consumer.ack(delivery.tag);
    host.events.unregistered(request.id, exceptionRepr(error));
    void host.signals.send('task_unknown', {
      sender: host.hostname,
      message: delivery.message,
      exc: error,
      name: request.task,
      id: request.id,
    });
  }
}

/** Celery's text (celery/worker/consumer/consumer.py `UNKNOWN_TASK_ERROR`): people search for it. */
function unknownTaskText(
  { queue }: Delivery,
  { task, bodyText, headers, deliveryInfo }: TaskRequest,
): string {
  const body = bodyText.length > 1024 ? `${bodyText.slice(0, 1024)}...` : bodyText;
  return `Received unregistered task of type '${task}'.
The message has been ignored and discarded.

Did you remember to import the module containing this task?
Is it a task of another worker? Then give it a queue of its own.

The full contents of the message body was:
${body} (${Buffer.byteLength(bodyText)}b)

The full contents of the message headers:
${pythonRepr(headers, 2048)}

The delivery info for this task is:
${pythonRepr({ ...deliveryInfo, queue }, 1024)}`;
}
