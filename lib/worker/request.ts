import type { TraceOutcome } from '../app/trace-outcome.ts';
import { TaskRevokedError } from '../protocol/celery-errors.ts';
import { encodeException } from '../protocol/exception.ts';
import { decodeTaskBody, type TaskRequest } from '../protocol/task-message.ts';
import type { Delivery } from '../transport/transport.ts';
import { nowSeconds } from '../util/clock.ts';
import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';
import { concludeLoss } from './loss.ts';
import { concludeOutcome } from './outcome.ts';
import type { Handle, JobLoss } from './pool/pool.ts';
import { recordText } from './record-text.ts';
import type { TaskProfile } from './task-profile.ts';

/** What the event and the signal say of a task that will not run. */
interface RevokedFields {
  readonly terminated: boolean;
  readonly signum: number | null;
  readonly expired: boolean;
}

/**
 * One task in this worker, from its message to its settlement (celery/worker/request.py):
 *
 *   received → waiting → active → settled         the usual way
 *   received → scheduled → waiting → …            with an ETA
 *   waiting, scheduled → discarded                revoked or expired
 *   waiting, scheduled → released                 the worker stops: back to its queue
 *   waiting, active → dropped                     the lease ended while this process was frozen: another has it
 *
 * Its message is acked when a pool takes it; when the task has late acks, after its result is stored and its handlers
 * have run.
 */
export class Request implements TaskHandle {
  readonly request: TaskRequest;
  readonly profile: TaskProfile;
  readonly delivery: Delivery;
  /** Name to show: the sender's shadow, else the task's. */
  readonly name: string;
  isSettled = false;
  hasSucceeded = false;
  /** Seconds since the epoch. */
  startedAt: number | null = null;
  pid: number | null = null;
  readonly #host: RequestHost;

  constructor(host: RequestHost, delivery: Delivery, request: TaskRequest, profile: TaskProfile) {
    this.#host = host;
    this.delivery = delivery;
    this.request = request;
    this.profile = profile;
    this.name = request.shadow ?? request.task;
  }

  get timeLimit(): number | null {
    return this.request.timeLimit ?? this.profile.timeLimit;
  }

  get softTimeLimit(): number | null {
    return this.request.softTimeLimit ?? this.profile.softTimeLimit;
  }

  /**
   * The message's own wish wins over the task's (semantics of celery/app/trace.py). Nobody's wish is heard where
   * `celery.chord_unlock` reads the result: the body of the chord would never be called.
   */
  get ignoresResult(): boolean {
    const isWished = this.request.ignoreResult ?? this.profile.ignoreResult;
    return isWished && !(this.#host.results.areHeadersRead && isInHeader(this.request));
  }

  get storesErrors(): boolean {
    return !this.ignoresResult || this.profile.storeErrorsEvenIfIgnored;
  }

  /** `NAME[ID]`, as Celery's log lines have it. */
  get label(): string {
    return `${this.name}[${this.request.id}]`;
  }

  /** Acks, stores and tells that the task will not run when it is revoked or too late; false when it may. */
  discardIfRevoked(): boolean {
    const { expires, id } = this.request;
    const isExpired = expires !== null && this.#host.nowMs() > expires * 1000;
    const { revoked, revokedStamps } = this.#host.ledger;
    const isRevoked = revoked.size > 0 && revoked.has(id);
    const stamp = revokedStamps.size > 0 ? revokedStamps.match(this.request) : null;
    if (!isExpired && !isRevoked && stamp === null) return false;
    if (isExpired) revoked.add(id);
    const why = stamp === null ? '' : ` (revoked by header: ${stamp})`;
    this.#host.logger.info(`Discarding ${isExpired ? 'expired' : 'revoked'} task: ${this.label}${why}`);
    void this.#revoke(isExpired ? 'expired' : 'revoked', {
      terminated: false,
      signum: null,
      expired: isExpired,
    });
    return true;
  }

  /** Back to the front of its queue, for another worker. */
  release(): void {
    if (!this.isSettled) this.#host.consumer.release(this.delivery.tag);
    this.isSettled = true;
  }

  onTime(): void {
    this.#host.onDue(this);
  }

  onAccepted(pid: number): void {
    const { profile } = this;
    this.pid = pid;
    this.startedAt = nowSeconds();
    this.#host.ledger.started(this);
    // Before the ack: whoever watches knows of a task that goes down with this worker from now on.
    this.#host.events.send(this, 'task-started', {});
    if (!profile.acksLate) this.ack();
    if (profile.trackStarted && !this.ignoresResult) {
      void this.store('STARTED', JSON.stringify({ pid, hostname: this.#host.hostname }));
    }
  }

  onSoftLimit(seconds: number): void {
    this.#host.logger.warning(`Soft time limit (${seconds}s) exceeded for ${this.label}`);
  }

  onOutcome(outcome: TraceOutcome, handle: Handle | null): void {
    concludeOutcome(this, this.#host, outcome, handle);
  }

  onLost(loss: JobLoss): void {
    concludeLoss(this, this.#host, loss);
  }

  storeState(taskId: string, state: string, metaText: string): Promise<void> {
    if (taskId !== this.request.id) {
      return this.#host.results.store(taskId, recordText(taskId, state, metaText));
    }
    this.#host.events.customState(this, state, metaText);
    // When in doubt it stays unsaid: another worker may have the task by now.
    return this.isOwned() === true ? this.store(state, metaText) : Promise.resolve();
  }

  sendEvent(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#host.events.send(this, type, { pid: this.pid, ...fields });
  }

  /** Stores a state of this task. `resultText` is JSON. */
  store(
    state: string,
    resultText: string | null,
    traceback: string | null = null,
    children: readonly unknown[] = [],
  ): Promise<void> {
    return new Promise((resolve) => this.storeThen(state, resultText, traceback, children, resolve));
  }

  storeThen(
    state: string,
    resultText: string | null,
    traceback: string | null,
    children: readonly unknown[],
    onDone: () => void,
  ): void {
    const { request } = this;
    if (!this.#host.results.isKept) {
      onDone();
      return;
    }
    const extended = this.#host.isExtended
      ? { hostname: this.#host.hostname, queue: this.delivery.queue }
      : null;
    const text = recordText(request.id, state, resultText, { request, traceback, children, extended });
    this.#host.results.storeThen(request.id, text, request.replyTo, onDone);
  }

  isOwned(): boolean | Promise<boolean> {
    return this.isSettled || this.#host.consumer.owns(this.delivery.tag);
  }

  drop(): void {
    this.isSettled = true;
    this.#host.ledger.ended(this);
  }

  ack(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#host.consumer.ack(this.delivery.tag);
  }

  reject(requeue: boolean): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#host.consumer.reject(this.delivery.tag, { requeue });
  }

  park(reason: string): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#host.consumer.park(this.delivery.tag, reason);
  }

  /** It was killed on request. */
  terminated(signum: number): Promise<void> {
    return this.#revoke('terminated', { terminated: true, signum, expired: false });
  }

  async #revoke(reason: string, fields: RevokedFields): Promise<void> {
    const text = JSON.stringify(encodeException(new TaskRevokedError(reason)));
    if (this.storesErrors) await this.store('REVOKED', text);
    await this.#host.tellEnded(this.request, 'REVOKED', text);
    this.ack();
    this.#host.events.send(this, 'task-revoked', { ...fields });
    const { request } = this;
    void this.#host.signals.send('task_revoked', { sender: request.task, request, ...fields });
    this.#host.ledger.ended(this);
  }
}

function isInHeader({ group, bodyText }: TaskRequest): boolean {
  return group !== null && decodeTaskBody(bodyText).embed.chord !== null;
}
