import type { Signals } from '../app/signals.ts';
import type { TaskRequest } from '../protocol/task-message.ts';
import type { Consumer } from '../transport/transport.ts';
import type { Logger } from '../util/logger.ts';
import type { TaskHandle } from './handle.ts';
import type { Ledger } from './ledger.ts';
import type { Results } from './results.ts';
import type { TaskEvents } from './task-events.ts';

/** What all requests of a worker share. */
export interface RequestHost {
  readonly hostname: string;
  readonly logger: Logger;
  readonly consumer: Consumer;
  readonly results: Results;
  readonly events: TaskEvents;
  readonly ledger: Ledger;
  readonly signals: Signals;
  /** Store name, args, worker and queue with each result. */
  readonly isExtended: boolean;
  /**
   * Tells the chord of a task, and after a failure the rest of its chain and its errbacks, how it has ended, so that
   * nobody waits for ever. Never throws. `resultText` is JSON.
   */
  tellEnded(
    request: TaskRequest,
    state: string,
    resultText: string,
    traceback?: string | null,
  ): Promise<void>;
  /** Milliseconds since the epoch by which ETAs and expiries are judged: the broker's where it tells. */
  nowMs(): number;
  /** The ETA has come: run it. */
  onDue(request: TaskHandle): void;
}
