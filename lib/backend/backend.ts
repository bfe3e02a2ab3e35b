import type { ResultMeta } from '../protocol/result.ts';
import type { Serializer } from '../protocol/serializer.ts';
import type { Logger } from '../util/logger.ts';
import type { Service } from '../util/service.ts';

/** Celery's `result_expires`. */
export const DEFAULT_EXPIRES_SECONDS = 86_400;

export interface BackendOptions {
  readonly logger: Logger;
  /** Seconds until a result is deleted; null or 0: never. Default 86400, Celery's `result_expires`. */
  readonly expiresSeconds?: number | null;
  /** How results are stored (`result_serializer`). Default JSON. */
  readonly serializer?: Serializer;
  /** MIME types that may be read (`result_accept_content`). Default: that of the serializer. */
  readonly accept?: ReadonlySet<string>;
  /** Celery's `result_backend_transport_options`: `global_keyprefix`. */
  readonly transportOptions?: Readonly<Record<string, unknown>>;
  /** Celery's `redis_backend_use_ssl`. Default false. */
  readonly useSsl?: boolean | Readonly<Record<string, unknown>>;
  /** Milliseconds for one attempt to connect. Default 4000. */
  readonly connectionTimeoutMs?: number;
  /** Databases keep name, arguments, worker, retries and queue (`result_extended`). Default false. */
  readonly isExtended?: boolean;
  /** Celery's `database_*` settings. */
  readonly database?: {
    readonly engineOptions?: Readonly<Record<string, unknown>>;
    readonly tableNames?: unknown;
    readonly tableSchemas?: unknown;
  };
}

/** One state of one task, on its way into the store. `text` is the JSON of a ResultMeta (protocol/result.ts encodes it). */
export interface ResultRecord {
  readonly taskId: string;
  readonly text: string;
  /** `reply_to` of the task's message: where `rpc://` sends it. Stores do not need it. */
  readonly replyTo?: string | null;
}

export interface WaitOptions {
  /** Milliseconds until an `UmbelError('timeout')`; forever when absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called for each state on the way, PROGRESS included. What it throws ends the waiting. */
  readonly onState?: (meta: ResultMeta) => void;
}

/**
 * Keeps task results. A stored SUCCESS is never overwritten; PENDING means that there is no record.
 * Writes of one turn of the event loop travel together.
 */
export interface ResultBackend extends Service {
  readonly displayUrl: string;
  /** Resolves when stored. */
  store(record: ResultRecord): Promise<void>;
  /** The record as it stands, or null (PENDING). */
  get(taskId: string): Promise<ResultMeta | null>;
  /** Waits until the state is one of SUCCESS, FAILURE, REVOKED. */
  wait(taskId: string, options?: WaitOptions): Promise<ResultMeta>;
  /** Calls back for each state from now on; returns how to stop. */
  watch(taskId: string, onState: (meta: ResultMeta) => void): Promise<() => Promise<void>>;
  forget(taskId: string): Promise<void>;
  /** Deletes what has expired, for stores that do not do so themselves. */
  cleanup?(): Promise<void>;
}

/** What one member of a chord's header has become. */
export interface ChordPart {
  readonly groupId: string;
  /** Place in the group; null when not known. */
  readonly memberIndex: number | null;
  readonly taskId: string;
  readonly state: string;
  /** JSON of the value or of the ExceptionRecord. */
  readonly resultText: string;
}

export interface ChordProgress {
  /** This part was the last one: exactly one member is told so, and starts the body. */
  readonly isDone: boolean;
  /** Members in all; null while the sender has not written it. */
  readonly total: number | null;
  /** All parts in the order of the group, once done; `result` is decoded JSON. */
  readonly parts: readonly { readonly taskId: string; readonly state: string; readonly result: unknown }[];
}

/** Backends that keep what groups are made of. */
export interface GroupBackend {
  /** Stores what a group is made of: JSON of `{"result": [[id, parent], [members]]}`. */
  saveGroup(groupId: string, text: string): Promise<void>;
  /** The tuple of a saved group, or null. */
  readGroup(groupId: string): Promise<unknown>;
  deleteGroup(groupId: string): Promise<void>;
}

/**
 * Backends that count the header of a chord. With others that keep groups a task asks until the header has ended
 * (`celery.chord_unlock`), as in Celery.
 */
export interface ChordBackend extends GroupBackend {
  setChordSize(groupId: string, size: number): Promise<void>;
  /** One more member to wait for. */
  addToChord(groupId: string): Promise<void>;
  recordChordPart(part: ChordPart): Promise<ChordProgress>;
  /** Deletes the counters once the body was sent. */
  forgetChord(groupId: string): Promise<void>;
}
