import type { TaskDetail } from '../../lib/contract/records.ts';

/** What a person typed, read as JSON. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

function parse(text: string): Parsed<unknown> {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, message: `Not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Positional arguments: a JSON list; nothing typed is an empty one. */
export function parseArgs(text: string): Parsed<readonly unknown[]> {
  if (!text.trim()) return { ok: true, value: [] };
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  if (Array.isArray(parsed.value)) return { ok: true, value: parsed.value };
  return { ok: false, message: 'Positional arguments are a list, such as [10, 5].' };
}

/** Keyword arguments: a JSON object; nothing typed is an empty one. */
export function parseKwargs(text: string): Parsed<Readonly<Record<string, unknown>>> {
  if (!text.trim()) return { ok: true, value: {} };
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { ok: true, value: Object.fromEntries(Object.entries(value)) };
  }
  return { ok: false, message: 'Keyword arguments are an object, such as {"format": "pdf"}.' };
}

/** What the fields hold at first: JSON where it is known, else the text the events carried. */
export function initialTexts(task: TaskDetail): { readonly args: string; readonly kwargs: string } {
  const { args, kwargs } = task.call;
  return {
    args: args ? JSON.stringify(args, null, 2) : (task.args ?? '[]'),
    kwargs: kwargs ? JSON.stringify(kwargs, null, 2) : (task.kwargs ?? '{}'),
  };
}
