import type { TaskRow } from './records.ts';

/*
 * Bodies of the HTTP API that the pages use. Paths that Flower has keep Flower's shapes (`/api/…`); what Flower lacks
 * is under `/api/v1/`. Every failure is `{ error }` with a 4xx or 5xx status.
 */

export interface ApiFailure {
  readonly error: { readonly code: string; readonly message: string };
}

/** `GET /api/v1/tasks?state=&name=&worker=&queue=&text=&before=&limit=` (limit 1 to 500, default 100) */
export interface TasksPage {
  readonly rows: readonly TaskRow[];
  readonly cursor: string | null;
}

/** Body of `POST /api/v1/tasks/<uuid>/retry`: sends the task again under a new id. Without args and kwargs the known
 * ones are used; refused with 409 when they are known only from a shortened text. */
export interface RetryBody {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

export interface RetryAnswer {
  readonly 'task-id': string;
  readonly state: 'PENDING';
}

/** Answer of `POST /api/v1/queues/<name>/purge`: how many waiting messages were deleted. */
export interface PurgeAnswer {
  readonly queue: string;
  readonly deleted: number;
}

/** Answer of every Flower control call. */
export interface MessageAnswer {
  readonly message: string;
}

/** Config the server writes into each page as `window.__UMBEL__`. */
export interface PageConfig {
  /** URL prefix without a trailing slash, '' at the root. */
  readonly prefix: string;
  readonly version: string;
  readonly isReadOnly: boolean;
}
