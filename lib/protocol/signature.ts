import { UmbelError } from '../contract/errors.ts';
import { isRecord, textOrNull } from './record.ts';

/** A call that is stored to be made later (celery/canvas.py), as it travels in messages. */
export interface Signature {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly subtask_type: string | null;
  readonly immutable: boolean;
}

/** What follows a task: link, link_error, the rest of its chain (stored in reverse) and its chord's body. */
export interface Embed {
  readonly callbacks: readonly Signature[] | null;
  readonly errbacks: readonly Signature[] | null;
  /** The last element is the next task. */
  readonly chain: readonly Signature[] | null;
  readonly chord: Signature | null;
}

/** A signature with all six keys, as Python reads it without default values. */
export function encodeSignature(signature: Partial<Signature> & { readonly task: string }): Signature {
  return {
    task: signature.task,
    args: signature.args ?? [],
    kwargs: signature.kwargs ?? {},
    options: signature.options ?? {},
    subtask_type: signature.subtask_type ?? null,
    immutable: signature.immutable ?? false,
  };
}

/** Reads a signature; missing parts are empty. Throws `UmbelError('bad_message')` without a task name. */
export function decodeSignature(value: unknown): Signature {
  if (!isRecord(value) || typeof value['task'] !== 'string' || value['task'] === '') {
    throw new UmbelError('bad_message', 'A signature in the message has no task name.');
  }
  const { args, kwargs, options } = value;
  return {
    task: value['task'],
    args: Array.isArray(args) ? args : [],
    kwargs: isRecord(kwargs) ? kwargs : {},
    options: isRecord(options) ? options : {},
    subtask_type: textOrNull(value['subtask_type']),
    immutable: value['immutable'] === true,
  };
}

/** A list of signatures, or null when there is none; a single one counts as a list. */
export function decodeSignatures(value: unknown): Signature[] | null {
  if (value === null || value === undefined) return null;
  return (Array.isArray(value) ? value : [value]).map(decodeSignature);
}
