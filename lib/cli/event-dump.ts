import type { CeleryEvent } from '../protocol/event.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { maskText } from '../util/mask.ts';
import { printable } from './printable.ts';

const WORKER_WORDS: ReadonlyMap<string, string> = new Map([
  ['worker-online', 'started'],
  ['worker-offline', 'shutdown'],
  ['worker-heartbeat', 'heartbeat'],
]);
/** Fields of every event that stand before the others. */
const HEAD = ['type', 'timestamp', 'hostname'];
/** Only these tell what a task is called and given; the later events of it are shown with that. */
const TELLING = new Set(['task-sent', 'task-received']);
const TOLD = ['name', 'args', 'kwargs'];
/** Tasks that are remembered, as many as Celery does. */
const MAX_SUBJECTS = 4095;

/** Events as lines, in the form of `celery events --dump` (celery/events/dumper.py); each is one line here. */
export class EventDump {
  readonly #subjects = new Map<string, string>();

  line(event: CeleryEvent): string {
    const { type, hostname, timestamp } = event;
    const words = WORKER_WORDS.get(type) ?? type.toLowerCase().replaceAll('-', ' ');
    const subject = type.startsWith('task-') ? ` ${this.#subjectOf(event)}` : '';
    const shown = [...HEAD, ...(subject === '' ? [] : ['uuid']), ...(TELLING.has(type) ? TOLD : [])];
    const fields = Object.keys(event)
      .filter((key) => !shown.includes(key))
      .sort()
      .map((key) => `${key}=${textOf(event[key])}`);
    const text = `${hostname} [${timeText(timestamp)}] ${words}:${subject} ${fields.join(', ')}`;
    return printable(maskText(text));
  }

  #subjectOf(event: CeleryEvent): string {
    const id = textOf(event['uuid']);
    if (!TELLING.has(event.type)) return this.#subjects.get(id) ?? `(${id})`;
    const [name, args, kwargs] = TOLD.map((key) => textOf(event[key]));
    const subject = `${name}(${id}) args=${args} kwargs=${kwargs}`;
    this.#subjects.delete(id);
    this.#subjects.set(id, subject);
    const [oldest] = this.#subjects.keys();
    if (this.#subjects.size > MAX_SUBJECTS && oldest !== undefined) this.#subjects.delete(oldest);
    return subject;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : pythonRepr(value ?? null);
}

/** `2026-11-28 08:30:44.548000+00:00`. */
function timeText(seconds: number): string {
  const micros = Math.round((seconds % 1) * 1e6);
  const whole = new Date((Math.floor(seconds) + Math.floor(micros / 1e6)) * 1000).toISOString();
  return `${whole.slice(0, 19).replace('T', ' ')}.${String(micros % 1e6).padStart(6, '0')}+00:00`;
}
