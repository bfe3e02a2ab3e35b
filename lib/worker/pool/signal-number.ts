import { constants } from 'node:os';

/** Number of a signal by name; 0 when there is none. */
export function signalNumber(signal: string): number {
  return new Map<string, number>(Object.entries(constants.signals)).get(signal) ?? 0;
}
