import type { TaskContext } from '../context.ts';

/**
 * What an errback with several parameters is called with: the call that failed, its error as it is stored, and its
 * traceback, which the body of a chord that never ran does not have.
 */
export type ErrbackArguments = [request: TaskContext, exc: Error, traceback: string | null];
