import type { ResultBackend } from '../backend/backend.ts';
import type { AnyResult } from './any-result.ts';
import type { RevokeOptions } from './revoke-options.ts';

/** What results need of their app. */
export interface ResultPort {
  backend(): Promise<ResultBackend>;
  revoke(taskId: string | readonly string[], options: RevokeOptions): Promise<void>;
  /** Revokes all tasks with one of these stamps. */
  revokeByStampedHeaders(headers: Readonly<Record<string, unknown>>, options: RevokeOptions): Promise<void>;
  /** The result that a stored tuple stands for. */
  resultFromTuple(tuple: unknown): AnyResult;
}
