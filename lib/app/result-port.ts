import type { ResultBackend } from '../backend/backend.ts';
import type { AnyResult } from './any-result.ts';

export interface RevokeOptions {
  /** Stop it even if it runs. Default false. */
  readonly terminate?: boolean;
  /** Default `SIGTERM`. */
  readonly signal?: string;
}

/** What results need of their app. */
export interface ResultPort {
  backend(): Promise<ResultBackend>;
  revoke(taskId: string | readonly string[], options: RevokeOptions): Promise<void>;
  /** The result that a stored tuple stands for. */
  resultFromTuple(tuple: unknown): AnyResult;
}
