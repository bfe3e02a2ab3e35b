import { readdirSync, readFileSync } from 'node:fs';
import { waitUntil } from './wait-until.ts';

/** Ids of the processes whose environment has this entry (`NAME=value`), children of dead parents too. Linux only. */
export function processesWith(entry: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name) && environmentOf(name).includes(entry)) found.push(Number(name));
  }
  return found;
}

/**
 * Fails unless every process that was started with this entry in its environment ends by itself within ten seconds: a
 * killed worker must not leave its pool behind.
 */
export async function expectNoProcessLeft(entry: string): Promise<void> {
  await waitUntil(`no process with ${entry} is left`, () => processesWith(entry).length === 0, 10_000);
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
