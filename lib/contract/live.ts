import type { TaskFilter } from './filters.ts';
import type { Overview, QueueRow, Status, TaskDetail, TaskRow, WorkerDetail, WorkerRow } from './records.ts';

/**
 * The live layer between server and pages, over Socket.IO at `<prefix>/socket.io`.
 *
 * A page subscribes to rooms. The answer holds a snapshot and its sequence number; deltas of that room carry the
 * numbers that follow. A gap means: subscribe again. Deltas are volatile, at most about ten a second for a room, and
 * hold only what changed.
 */

/** State of the task list: newest rows first, and how many match in each state. */
export interface TasksSnapshot {
  readonly rows: readonly TaskRow[];
  /** Pass as `before` to `GET /api/v1/tasks` for the rows after the last; null when there are no more. */
  readonly cursor: string | null;
  readonly counts: TaskCounts;
  /** Finished per minute over the last hour for the strip above the table. */
  readonly minutes: readonly {
    readonly at: number;
    readonly success: number;
    readonly retry: number;
    readonly failure: number;
  }[];
}

export interface TaskCounts {
  readonly matching: number;
  readonly total: number;
  readonly byState: Readonly<Record<string, number>>;
}

/** Rows that are new or changed and match the filter, and ids that no longer match. */
export interface TasksDelta {
  readonly changed: readonly TaskRow[];
  readonly removed: readonly string[];
  readonly counts: TaskCounts;
}

export interface WorkersDelta {
  readonly changed: readonly WorkerRow[];
  readonly removed: readonly string[];
}

/** Every room: what a subscriber asks with, what it gets at once, and what follows. */
export interface Rooms {
  status: { params: Record<never, never>; snapshot: Status; delta: Status };
  overview: { params: { readonly range: OverviewRange }; snapshot: Overview; delta: Overview };
  tasks: { params: { readonly filter: TaskFilter }; snapshot: TasksSnapshot; delta: TasksDelta };
  task: { params: { readonly uuid: string }; snapshot: TaskDetail | null; delta: TaskDetail };
  workers: { params: Record<never, never>; snapshot: readonly WorkerRow[]; delta: WorkersDelta };
  worker: { params: { readonly name: string }; snapshot: WorkerDetail | null; delta: WorkerDetail };
  queues: { params: Record<never, never>; snapshot: readonly QueueRow[]; delta: readonly QueueRow[] };
}

export const OVERVIEW_RANGES = ['15m', '1h', '6h', '24h', '7d'] as const;
export type OverviewRange = (typeof OVERVIEW_RANGES)[number];

export type RoomName = keyof Rooms;

/** `{ room: 'tasks', filter: { state: 'FAILURE' } }` */
export type RoomRequest = { [R in RoomName]: { readonly room: R } & Rooms[R]['params'] }[RoomName];

export type SubscribeAnswer<R extends RoomName = RoomName> =
  | { readonly ok: true; readonly key: string; readonly seq: number; readonly snapshot: Rooms[R]['snapshot'] }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface DeltaMessage<R extends RoomName = RoomName> {
  /** The room's key from the answer to `subscribe`. */
  readonly key: string;
  readonly seq: number;
  readonly data: Rooms[R]['delta'];
}

export interface ClientToServer {
  subscribe: (request: RoomRequest, answer: (answer: SubscribeAnswer) => void) => void;
  unsubscribe: (key: string) => void;
}

export interface ServerToClient {
  delta: (message: DeltaMessage) => void;
}
