/** How tasks are revoked (`result.revoke()`). */
export interface RevokeOptions {
  /** Stop it even if it runs. Default false. */
  readonly terminate?: boolean;
  /** Default `SIGTERM`. */
  readonly signal?: string;
  /** Wait for what the workers say. Default false. */
  readonly wait?: boolean;
  /** Seconds to wait for them. Default 1. */
  readonly timeout?: number;
}
