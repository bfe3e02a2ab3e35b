import { loadavg } from 'node:os';

/** A fault test itself loads the two processors to about 3; beyond this others use them too. */
const OTHERS_FROM = 5;

/** A bound that holds when the machine has nothing else to do, and the one for when it has. */
export function boundByLoad(alone: number, shared: number): number {
  return (loadavg()[0] ?? 0) < OTHERS_FROM ? alone : shared;
}
