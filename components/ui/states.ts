import { isTaskState, type TaskState } from '../../lib/contract/states.ts';

/** How a state looks: the class that brings its colours, and its glyph. */
export type Look =
  | 'pending'
  | 'eta'
  | 'received'
  | 'started'
  | 'success'
  | 'retry'
  | 'failure'
  | 'revoked'
  | 'rejected'
  | 'custom'
  | 'lost';

const LOOKS: Record<TaskState, { readonly look: Look; readonly word: string }> = {
  PENDING: { look: 'pending', word: 'Pending' },
  RECEIVED: { look: 'received', word: 'Received' },
  STARTED: { look: 'started', word: 'Started' },
  RETRY: { look: 'retry', word: 'Retry' },
  SUCCESS: { look: 'success', word: 'Success' },
  FAILURE: { look: 'failure', word: 'Failure' },
  REVOKED: { look: 'revoked', word: 'Revoked' },
  REJECTED: { look: 'rejected', word: 'Rejected' },
};

/** Order of states in chips, bars and legends. */
export const STATE_ORDER: readonly TaskState[] = [
  'PENDING',
  'RECEIVED',
  'STARTED',
  'SUCCESS',
  'RETRY',
  'FAILURE',
  'REVOKED',
  'REJECTED',
];

/** Look and word of any state; one a task chose itself is written as it is, first letter large. */
export function lookOf(state: string): { readonly look: Look; readonly word: string } {
  if (isTaskState(state)) return LOOKS[state];
  const word = state.slice(0, 24);
  return { look: 'custom', word: word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase() };
}

/** Class that brings a look's colours as --c, --ct and --cf. */
export function stateClass(look: Look): string {
  return look === 'eta' ? 's-pending' : `s-${look}`;
}
