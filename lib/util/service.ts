/**
 * The contract of everything long-lived. `start` returns when ready or throws;
 * `stop` waits for the end, may be called twice and before `start`.
 */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
