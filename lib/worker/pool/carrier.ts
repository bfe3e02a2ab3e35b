import type { ToChild } from './ipc.ts';

/** What a pool child lives in: a process or a thread. It moves messages and can be ended from outside. */
export interface Carrier {
  /** The process; a thread has its worker's. */
  readonly pid: number;
  /** Throws for a message that the channel cannot write. To one that is gone it does nothing. */
  send(message: ToChild): void;
  /** Ends it at once, whatever it computes. A thread knows no signals: any of them ends it. */
  kill(signal: NodeJS.Signals): void;
}

export interface CarrierListener {
  onMessage(message: unknown): void;
  /** It is gone, and all that it said has been passed on. `text` is `exitcode 1` or `signal 9 (SIGKILL)`. Called once. */
  onGone(text: string): void;
}

export type StartCarrier = (listener: CarrierListener) => Carrier;
