import type { ResultBackend } from '../backend/backend.ts';

export interface RevokeOptions {
  /** Stop it even if it runs. Default false. */
  readonly terminate?: boolean;
  /** Default `SIGTERM`. */
  readonly signal?: string;
}

/** What results need of their app. */
export interface ResultPort {
  backend(): Promise<ResultBackend>;
  revoke(taskId: string, options: RevokeOptions): Promise<void>;
}
