import { printable } from '../printable.ts';
import { type Prompt, selectedOf, type View } from './view.ts';

/** A task as a row of the list. */
export interface TaskLine {
  readonly uuid: string;
  readonly name: string;
  readonly worker: string;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly state: string;
}

export interface WorkerLine {
  readonly name: string;
  readonly status: string;
  readonly active: number;
  readonly concurrency: number | null;
  readonly processed: number;
}

/** Everything that a frame is painted from. */
export interface Scene {
  readonly broker: string;
  readonly workers: readonly WorkerLine[];
  /** Newest first. */
  readonly tasks: readonly TaskLine[];
  readonly taskCount: number;
  readonly perSecond: number;
  readonly view: View;
  /** Text of the open pane. */
  readonly paneText: string;
  /** What the last action came to. */
  readonly note: string;
  readonly isColored: boolean;
}

const COLORS: Readonly<Record<string, number>> = {
  RECEIVED: 35,
  STARTED: 34,
  SUCCESS: 32,
  RETRY: 33,
  FAILURE: 31,
  REVOKED: 35,
  REJECTED: 31,
  late: 33,
  offline: 31,
  online: 32,
};
const MAX_WORKERS = 5;
const KEYS = 'j/k move  i info  r result  t trace  c revoke  x kill  l rate  p pause  q quit';

/** The lines of one frame: as many as the terminal has, none wider than it is. */
export function paint(scene: Scene, width: number, height: number): string[] {
  const head = [heading(scene, width), ...workerLines(scene, width), ''];
  const foot = [cut(footer(scene), width)];
  const room = Math.max(0, height - head.length - foot.length);
  const body = scene.view.pane === null ? list(scene, width, room) : pane(scene, width, room);
  const gap = Array.from({ length: room - body.length }, () => '');
  return [...head, ...body, ...gap, ...foot].slice(0, height);
}

/** How many tasks fit beside the rest. */
export function pageOf(scene: Scene, height: number): number {
  return Math.max(1, height - Math.min(scene.workers.length, MAX_WORKERS + 1) - 5);
}

function heading({ broker, workers, taskCount, perSecond, view, isColored }: Scene, width: number): string {
  const online = workers.filter(({ status }) => status !== 'offline').length;
  const facts = [
    `umbel events  ${broker}`,
    `${online} of ${workers.length} workers`,
    `${taskCount} tasks`,
    `${perSecond.toFixed(1)}/s`,
  ];
  if (view.isPaused) facts.push('PAUSED (p)');
  return paintAs(cut(facts.join('   '), width), '1', isColored);
}

function workerLines({ workers, isColored }: Scene, width: number): string[] {
  if (workers.length === 0)
    return [cut('No worker has been heard of yet. Start one with: umbel -A tasks worker -E', width)];
  const lines = workers.slice(0, MAX_WORKERS).map(({ name, status, active, concurrency, processed }) => {
    const busy = `${active}/${concurrency ?? '?'} busy`;
    const text = cut(`  ${name.padEnd(24)} ${status.padEnd(8)} ${busy.padEnd(12)} ${processed} done`, width);
    return text.replace(status, paintAs(status, String(COLORS[status] ?? 0), isColored));
  });
  const more = workers.length - MAX_WORKERS;
  return more > 0 ? [...lines, cut(`  and ${more} more`, width)] : lines;
}

function list({ tasks, view, isColored }: Scene, width: number, room: number): string[] {
  if (room < 1) return [];
  const uuids = tasks.map(({ uuid }) => uuid);
  const selected = selectedOf(view, uuids);
  const at = selected === null ? 0 : uuids.indexOf(selected);
  const size = room - 1;
  const from = Math.max(0, Math.min(at - Math.floor(size / 2), tasks.length - size));
  const columns = columnsFor(width);
  const title = cells(columns, ['UUID', 'TASK', 'WORKER', 'TIME', 'STATE']);
  const rows = tasks.slice(from, from + size).map((task) => {
    const text = cells(columns, [task.uuid, task.name, task.worker, clockTime(task.at), task.state]);
    if (task.uuid === selected) return paintAs(text.padEnd(width), '7', isColored, '> ');
    return paintState(text, task.state, columns, isColored);
  });
  return [paintAs(title, '4', isColored), ...rows];
}

/** Widths of UUID, task, worker, time and state. */
function columnsFor(width: number): number[] {
  const fixed = 8 + 9 + 4;
  const rest = Math.max(12, width - fixed);
  const uuid = Math.min(36, Math.floor(rest * 0.36));
  const worker = Math.min(24, Math.floor(rest * 0.26));
  return [uuid, Math.max(1, rest - uuid - worker), worker, 8, 9];
}

function cells(columns: readonly number[], texts: readonly string[]): string {
  return texts.map((text, index) => cut(text, columns[index] ?? 0).padEnd(columns[index] ?? 0)).join(' ');
}

function paintState(text: string, state: string, columns: readonly number[], isColored: boolean): string {
  const start = columns.slice(0, -1).reduce((sum, width) => sum + width + 1, 0);
  return text.slice(0, start) + paintAs(text.slice(start), String(COLORS[state] ?? 0), isColored);
}

function pane({ view, paneText }: Scene, width: number, room: number): string[] {
  const wrapped = paneText.split('\n').flatMap((line) => chunks(printable(line), width));
  const from = Math.min(view.pane?.scroll ?? 0, Math.max(0, wrapped.length - room));
  return wrapped.slice(from, from + room);
}

function chunks(line: string, width: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at === 0 || at < line.length; at += width) parts.push(line.slice(at, at + width));
  return parts;
}

function footer({ view, note }: Scene): string {
  if (view.prompt !== null) return question(view.prompt);
  if (note !== '') return note;
  return view.pane === null ? KEYS : 'any key: back   i info  r result  t traceback   j/k scroll';
}

function question(prompt: Prompt): string {
  if (prompt.kind === 'rate')
    return `Rate limit of this task on each worker, such as 10/m, 0 for none: ${prompt.text}_`;
  const what = prompt.kind === 'terminate' ? 'Revoke and end' : 'Revoke';
  return `${what} ${prompt.uuid}? y/n`;
}

function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8);
}

/** Cut to the width, with a mark where something is missing. */
function cut(text: string, width: number): string {
  const clean = printable(text);
  return clean.length <= width ? clean : `${clean.slice(0, Math.max(0, width - 1))}…`;
}

/** Without colours a mark stands in front of what they would show. */
function paintAs(text: string, code: string, isColored: boolean, mark = ''): string {
  if (isColored) return `\u001b[${code}m${text}\u001b[0m`;
  return mark === '' ? text : mark + text.slice(mark.length);
}
