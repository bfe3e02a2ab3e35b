import type { History } from './history.ts';
import { LocalHistory } from './local-history.ts';
import { ThreadedHistory } from './threaded-history.ts';

/** The history in the file `path`, or `:memory:`. `isThreaded` needs the compiled thread beside this file. */
export function openHistory(path: string, isThreaded: boolean): History {
  return isThreaded ? new ThreadedHistory(path) : new LocalHistory(path);
}
