import type { MaybePromise } from '../util/maybe-promise.ts';

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
  /** Others are to be told once it is stored: its chord, or after a failure the rest of its chain and its errbacks. */
  readonly isAwaited?: boolean;
}

/** What a handler of a task threw, or a listener's caller: it changes nothing in the outcome. */
export interface HandlerFailure {
  readonly error: unknown;
  readonly traceback: string;
}

/** Runs the handlers and listeners of one end. To be called once, when it is stored. Never throws. */
export type RunHandlers = () => MaybePromise<HandlerFailure | null>;

/** An attempt whose body has ended. */
export interface Traced {
  readonly outcome: TraceOutcome;
  /** null when nobody wants to know of this end, as of most. */
  readonly handlers: RunHandlers | null;
}
