/** How one attempt of a task ended: plain JSON, so that it can cross from a pool child to the worker. */
export interface TraceOutcome {
  readonly state: 'SUCCESS' | 'FAILURE' | 'RETRY' | 'IGNORED' | 'REJECTED';
  /** JSON of the value, or of the ExceptionRecord; null when there is neither. */
  readonly resultText: string | null;
  /** The value as Python shows it, for the event; '' unless it succeeded. */
  readonly resultRepr: string;
  /** `ValueError('boom')`, for the event and the log. */
  readonly exceptionRepr: string | null;
  readonly traceback: string | null;
  readonly runtimeSeconds: number;
  /** Result tuples of the tasks that it started. */
  readonly children: readonly unknown[];
  readonly reject?: { readonly requeue: boolean };
  readonly retry?: { readonly eta: string; readonly whenSeconds: number };
  /** One of the task's `throws`: no cause for alarm. */
  readonly isExpectedError?: boolean;
}
