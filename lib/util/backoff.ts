export interface BackoffOptions {
  /** First wait in milliseconds. */
  baseMs: number;
  /** Longest wait in milliseconds. */
  maxMs: number;
  /** Growth per attempt. Default 2. */
  factor?: number;
  /** Draw uniformly from 0 to the wait (full jitter). Default false. */
  jitter?: boolean;
}

/** Wait before attempt `attempt` (0-based): exponential, capped. */
export function backoffMs(
  attempt: number,
  { baseMs, maxMs, factor = 2, jitter = false }: BackoffOptions,
): number {
  const wait = Math.min(maxMs, baseMs * factor ** attempt);
  return jitter ? Math.random() * wait : wait;
}
