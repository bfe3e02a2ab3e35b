import type { CeleryEvent } from '../protocol/event.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { maskText } from '../util/mask.ts';
import { printable } from './printable.ts';

const COMMON = new Set(['type', 'timestamp', 'hostname', 'utcoffset', 'pid', 'clock', 'uuid', 'name']);

/** One event as a line, in the form of `celery events --dump` (celery/events/dumper.py). */
export function dumpLine(event: CeleryEvent): string {
  const time = new Date(event.timestamp * 1000).toISOString().replace('T', ' ').replace('Z', '');
  const fields = Object.entries(event)
    .filter(([key, value]) => !COMMON.has(key) && value !== null)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : pythonRepr(value)}`);
  const uuid = event['uuid'];
  const name = event['name'];
  const subject = typeof uuid === 'string' ? ` ${typeof name === 'string' ? name : ''}(${uuid})` : '';
  const kind = event.type.replace(/^(task|worker)-/, '$1 ');
  return printable(maskText(`${event.hostname} [${time}]${subject} ${kind} ${fields.join(', ')}`.trimEnd()));
}
