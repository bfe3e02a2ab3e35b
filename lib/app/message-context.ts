import { numberOrNull } from '../protocol/record.ts';
import type { Embed } from '../protocol/signature.ts';
import { stampsIn } from '../protocol/stamps.ts';
import type { TaskBody, TaskRequest } from '../protocol/task-request.ts';
import type { DeliveryInfo, MessageProperties } from '../protocol/wire.ts';
import type { RetryPlan, TaskContext, TaskServices } from './context.ts';

const NEVER = new AbortController().signal;

/** The context of a call that came as a message. Most tasks look at little of it, so it reads from the request. */
export class MessageContext implements TaskContext {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly embed: Embed;
  readonly children: unknown[] = [];
  readonly services: TaskServices;
  readonly trail: boolean;
  readonly isEager = false;
  readonly calledDirectly = false;
  retryPlan: RetryPlan | null = null;
  readonly #request: TaskRequest;

  constructor(
    request: TaskRequest,
    { args, kwargs, embed }: TaskBody,
    services: TaskServices,
    trail: boolean,
  ) {
    this.#request = request;
    this.args = args;
    this.kwargs = kwargs;
    this.embed = embed;
    this.services = services;
    this.trail = trail;
  }

  get id(): string {
    return this.#request.id;
  }

  get task(): string {
    return this.#request.task;
  }

  get retries(): number {
    return this.#request.retries;
  }

  get eta(): string | null {
    return this.#request.etaText;
  }

  get expires(): string | null {
    return this.#request.expiresText;
  }

  get rootId(): string | null {
    return this.#request.rootId;
  }

  get parentId(): string | null {
    return this.#request.parentId;
  }

  get group(): string | null {
    return this.#request.group;
  }

  get groupIndex(): number | null {
    return this.#request.groupIndex;
  }

  get deliveryInfo(): DeliveryInfo {
    return this.#request.deliveryInfo;
  }

  get priority(): number {
    return this.#request.priority;
  }

  get hostname(): string | null {
    return this.services.hostname;
  }

  get headers(): Readonly<Record<string, unknown>> | null {
    return this.#request.customHeaders;
  }

  get replyTo(): string | null {
    return this.#request.replyTo;
  }

  get correlationId(): string | null {
    return this.#request.correlationId;
  }

  get timeLimit(): number | null {
    return this.#request.timeLimit;
  }

  get softTimeLimit(): number | null {
    return this.#request.softTimeLimit;
  }

  get origin(): string | null {
    return this.#request.origin;
  }

  get shadow(): string | null {
    return this.#request.shadow;
  }

  get ignoreResult(): boolean | null {
    return this.#request.ignoreResult;
  }

  get replacedTaskNesting(): number {
    return numberOrNull(this.#request.headers['replaced_task_nesting']) ?? 0;
  }

  get stampedHeaders(): readonly string[] | null {
    return stampsIn(this.#request.headers)?.names ?? null;
  }

  get stamps(): Readonly<Record<string, unknown>> {
    return stampsIn(this.#request.headers)?.values ?? {};
  }

  get argsrepr(): string {
    return this.#request.argsrepr;
  }

  get kwargsrepr(): string {
    return this.#request.kwargsrepr;
  }

  get properties(): MessageProperties {
    const { correlationId, replyTo, priority, deliveryInfo } = this.#request;
    return {
      correlation_id: correlationId,
      ...(replyTo !== null && { reply_to: replyTo }),
      priority,
      delivery_info: deliveryInfo,
    };
  }

  get utc(): boolean | null {
    const { utc } = this.#request.headers;
    return typeof utc === 'boolean' ? utc : null;
  }

  /** Asked for only when the body looks: making a signal costs more than running a small task. */
  get signal(): AbortSignal {
    return this.services.signal ?? NEVER;
  }
}
