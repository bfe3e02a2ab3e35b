import { maskText } from '../util/mask.ts';

/**
 * An event as it came from the broker: parsed, not trusted. Foreign fields are read through the functions below, which
 * answer null for anything of the wrong kind.
 */
export interface ClusterEvent {
  readonly type: string;
  readonly timestamp: number;
  readonly hostname: string;
  readonly [field: string]: unknown;
}

/** Longest text kept of any one field; senders cut theirs at 1024, tracebacks are longer. */
export const MAX_TEXT = 32_768;
const LONGEST_READ = MAX_TEXT * 2;

/** A text with the secrets in it masked: nothing after this line has them. */
export function textOf(event: ClusterEvent, field: string, max = MAX_TEXT): string | null {
  const value = event[field];
  if (typeof value !== 'string') return null;
  // Masked before it is cut: the end of a URL tells where its password is.
  return maskText(value.slice(0, LONGEST_READ)).slice(0, max);
}

export function numberOf(event: ClusterEvent, field: string): number | null {
  const value = event[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function flagOf(event: ClusterEvent, field: string): boolean {
  return event[field] === true;
}

/** A list of texts, at most `max` of them. */
export function textsOf(event: ClusterEvent, field: string, max = 1000): string[] | null {
  const value = event[field];
  if (!Array.isArray(value)) return null;
  return value.filter((item): item is string => typeof item === 'string').slice(0, max);
}

export function numbersOf(event: ClusterEvent, field: string, max = 16): number[] | null {
  const value = event[field];
  if (!Array.isArray(value)) return null;
  return value.filter((item): item is number => Number.isFinite(item)).slice(0, max);
}

/** A plain object of unknown values; null for anything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}
