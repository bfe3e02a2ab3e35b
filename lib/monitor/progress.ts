import type { Progress } from '../contract/records.ts';
import { maskText } from '../util/mask.ts';

/**
 * Reads `current` and `total` and a text out of a progress meta: `{ current: 40, total: 100, step: 'frames' }`.
 * Null when it has no figures.
 */
export function readProgress(meta: Readonly<Record<string, unknown>>): Progress | null {
  const current = figure(meta['current']);
  const total = figure(meta['total']);
  if (current === null) return null;
  return { current, total: total ?? 100, text: progressText(meta) };
}

function figure(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function progressText(meta: Readonly<Record<string, unknown>>): string | null {
  for (const key of ['step', 'status', 'message']) {
    const value = meta[key];
    if (typeof value === 'string' && value !== '') return maskText(value.slice(0, 2000)).slice(0, 200);
  }
  return null;
}
