import type { Progress, TaskRow } from '../contract/records.ts';
import { type AnyTaskState, READY_STATES } from '../contract/states.ts';
import { type ClusterEvent, flagOf, numberOf, recordOf, textOf } from './event-fields.ts';
import { readProgress } from './progress.ts';
import { insertMoment, type StoredMoment } from './task-moments.ts';
import { deriveState } from './task-state.ts';

type TimedKind =
  | 'sent'
  | 'received'
  | 'started'
  | 'succeeded'
  | 'failed'
  | 'retried'
  | 'revoked'
  | 'rejected';
const TIMED: ReadonlySet<string> = new Set<TimedKind>([
  'sent',
  'received',
  'started',
  'succeeded',
  'failed',
  'retried',
  'revoked',
  'rejected',
]);

function isTimed(kind: string): kind is TimedKind {
  return TIMED.has(kind);
}

/** Everything known of one task that can be stored and read back. */
export interface TaskFacts {
  name: string | null;
  args: string | null;
  kwargs: string | null;
  queue: string | null;
  exchange: string | null;
  routingKey: string | null;
  rootId: string | null;
  parentId: string | null;
  client: string | null;
  eta: string | null;
  expires: string | null;
  retries: number;
  worker: string | null;
  pid: number | null;
  clock: number | null;
  sent: number | null;
  received: number | null;
  started: number | null;
  succeeded: number | null;
  failed: number | null;
  retried: number | null;
  revoked: number | null;
  rejected: number | null;
  custom: { readonly state: string; readonly at: number } | null;
  timestamp: number;
  runtime: number | null;
  result: string | null;
  exception: string | null;
  traceback: string | null;
  progress: Progress | null;
  isLost: boolean;
  moments: StoredMoment[];
}

/** One task, built from its events. Merging is the same whatever their order. */
export class TaskRecord {
  readonly uuid: string;
  readonly facts: TaskFacts;
  #state: AnyTaskState;
  /** How good the source of the call's fields is: a later attempt beats an earlier, received beats sent. */
  #callRank = -1;
  #workerAt = Number.NEGATIVE_INFINITY;
  #progressAt = Number.NEGATIVE_INFINITY;
  #exceptionAt = Number.NEGATIVE_INFINITY;

  constructor(uuid: string, facts: TaskFacts = emptyFacts()) {
    this.uuid = uuid;
    this.facts = facts;
    this.#state = deriveState(facts);
    if (facts.name !== null) this.#callRank = facts.retries * 2;
    if (facts.worker !== null) this.#workerAt = facts.timestamp;
    this.#progressAt = facts.custom?.at ?? this.#progressAt;
  }

  get state(): AnyTaskState {
    return this.#state;
  }

  get isReady(): boolean {
    return READY_STATES.has(this.#state);
  }

  /** It occupies a slot: started, or in a state of its own such as PROGRESS. */
  get isRunning(): boolean {
    return this.#state === 'STARTED' || (this.facts.custom?.state === this.#state && !this.isReady);
  }

  get finished(): number | null {
    const { succeeded, failed, revoked } = this.facts;
    if (this.#state === 'SUCCESS') return succeeded;
    if (this.#state === 'FAILURE') return failed;
    return this.#state === 'REVOKED' ? revoked : null;
  }

  /** Merges one `task-*` event. `kind` is its type without the prefix. */
  apply(kind: string, event: ClusterEvent): void {
    const { facts } = this;
    const at = event.timestamp;
    facts.timestamp = Math.max(facts.timestamp, at);
    facts.clock = numberOf(event, 'clock') ?? facts.clock;
    if (isTimed(kind)) facts[kind] = Math.max(facts[kind] ?? at, at);
    else if (facts.custom === null || at >= facts.custom.at) facts.custom = { state: customState(kind), at };
    if (kind === 'sent' || kind === 'received') this.#mergeCall(kind, event);
    this.#mergePlace(kind, event);
    this.#mergeOutcome(kind, event);
    insertMoment(facts.moments, momentOf(kind, event));
    this.#state = deriveState(facts);
    if (!this.isRunning) facts.isLost = false;
  }

  /** Notes a state read from the result store, for tasks whose last events were missed. */
  settle(
    state: 'SUCCESS' | 'FAILURE' | 'REVOKED',
    at: number,
    result: string | null,
    traceback: string | null,
  ): void {
    const { facts } = this;
    const kind = state === 'SUCCESS' ? 'succeeded' : state === 'FAILURE' ? 'failed' : 'revoked';
    facts[kind] ??= at;
    facts.timestamp = Math.max(facts.timestamp, at);
    if (state === 'SUCCESS') facts.result ??= result;
    else facts.exception ??= result;
    facts.traceback ??= traceback;
    facts.isLost = false;
    insertMoment(facts.moments, {
      type: kind,
      at,
      attempt: null,
      worker: facts.worker,
      pid: null,
      note: 'read from the result store',
    });
    this.#state = deriveState(facts);
  }

  toRow(): TaskRow {
    const { facts } = this;
    return {
      uuid: this.uuid,
      name: facts.name,
      state: this.#state,
      args: facts.args,
      kwargs: facts.kwargs,
      queue: facts.queue,
      worker: facts.worker,
      sent: facts.sent,
      received: facts.received,
      started: facts.started,
      finished: this.finished,
      timestamp: facts.timestamp,
      eta: facts.eta,
      expires: facts.expires,
      runtime: facts.runtime,
      retries: facts.retries,
      result: facts.result,
      exception: this.#state === 'SUCCESS' ? null : facts.exception,
      progress: facts.progress,
      isLost: facts.isLost,
    };
  }

  #mergeCall(kind: 'sent' | 'received', event: ClusterEvent): void {
    const { facts } = this;
    const retries = numberOf(event, 'retries') ?? 0;
    const rank = retries * 2 + (kind === 'received' ? 1 : 0);
    const isBetter = rank >= this.#callRank;
    for (const field of ['name', 'args', 'kwargs', 'eta', 'expires'] as const) {
      const value = textOf(event, field);
      if (isBetter || facts[field] === null) facts[field] = value ?? facts[field];
    }
    if (isBetter) facts.eta = textOf(event, 'eta');
    facts.retries = Math.max(facts.retries, retries);
    facts.rootId ??= textOf(event, 'root_id');
    facts.parentId ??= textOf(event, 'parent_id');
    facts.queue = textOf(event, 'queue') || facts.queue;
    // Python's workers do not say where a task came from, ours do.
    facts.exchange = textOf(event, 'exchange') ?? facts.exchange;
    facts.routingKey = textOf(event, 'routing_key') ?? facts.routingKey;
    if (kind === 'sent') {
      facts.queue ??= facts.routingKey || null;
      facts.client = event.hostname;
    }
    if (isBetter) this.#callRank = rank;
  }

  #mergePlace(kind: string, event: ClusterEvent): void {
    if (kind === 'sent' || event.timestamp < this.#workerAt) return;
    this.#workerAt = event.timestamp;
    this.facts.worker = event.hostname;
    this.facts.pid = numberOf(event, 'pid') ?? this.facts.pid;
  }

  #mergeOutcome(kind: string, event: ClusterEvent): void {
    const { facts } = this;
    if (kind === 'succeeded') {
      facts.result = textOf(event, 'result');
      facts.runtime = numberOf(event, 'runtime');
    } else if (kind === 'failed' || (kind === 'retried' && this.#isNewestRetry(event))) {
      this.#exceptionAt = event.timestamp;
      facts.exception = textOf(event, 'exception') ?? facts.exception;
      facts.traceback = textOf(event, 'traceback') ?? facts.traceback;
      if (kind === 'failed') facts.runtime = numberOf(event, 'runtime') ?? facts.runtime;
    } else if (!isTimed(kind) && event.timestamp >= this.#progressAt) {
      const progress = readProgress(recordOf(event['meta']) ?? event);
      this.#progressAt = progress === null ? this.#progressAt : event.timestamp;
      facts.progress = progress ?? facts.progress;
    }
  }

  #isNewestRetry(event: ClusterEvent): boolean {
    return this.facts.failed === null && event.timestamp >= this.#exceptionAt;
  }
}

/** `task-my-step` stands for the state MY_STEP. */
function customState(kind: string): string {
  return kind.toUpperCase().replaceAll('-', '_');
}

function momentOf(kind: string, event: ClusterEvent): StoredMoment {
  return {
    type: kind,
    at: event.timestamp,
    attempt: kind === 'sent' || kind === 'received' ? (numberOf(event, 'retries') ?? 0) : null,
    worker: kind === 'sent' ? null : event.hostname,
    pid: numberOf(event, 'pid'),
    note: noteOf(kind, event),
  };
}

function noteOf(kind: string, event: ClusterEvent): string | null {
  switch (kind) {
    case 'sent':
      return textOf(event, 'queue', 200) ?? textOf(event, 'routing_key', 200);
    case 'failed':
    case 'retried':
      return textOf(event, 'exception', 300);
    case 'succeeded':
      return textOf(event, 'result', 300);
    case 'rejected':
      return flagOf(event, 'requeue') ? 'back to its queue' : null;
    case 'revoked':
      return revokedNote(event);
    default:
      return isTimed(kind) ? null : progressNote(event);
  }
}

function revokedNote(event: ClusterEvent): string | null {
  if (flagOf(event, 'expired')) return 'expired';
  return flagOf(event, 'terminated')
    ? `terminated (${String(event['signum'] ?? 'signal')})`.slice(0, 60)
    : null;
}

function progressNote(event: ClusterEvent): string | null {
  const progress = readProgress(recordOf(event['meta']) ?? event);
  if (progress === null) return null;
  return `${progress.current} of ${progress.total}${progress.text === null ? '' : `, ${progress.text}`}`;
}

function emptyFacts(): TaskFacts {
  return {
    name: null,
    args: null,
    kwargs: null,
    queue: null,
    exchange: null,
    routingKey: null,
    rootId: null,
    parentId: null,
    client: null,
    eta: null,
    expires: null,
    retries: 0,
    worker: null,
    pid: null,
    clock: null,
    sent: null,
    received: null,
    started: null,
    succeeded: null,
    failed: null,
    retried: null,
    revoked: null,
    rejected: null,
    custom: null,
    timestamp: 0,
    runtime: null,
    result: null,
    exception: null,
    traceback: null,
    progress: null,
    isLost: false,
    moments: [],
  };
}
