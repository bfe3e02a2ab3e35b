import {
  decodeSignature,
  decodeSignatures,
  encodeSignature,
  type Signature,
} from '../../protocol/signature.ts';

/*
 * Signatures as plain values: what they are made of. Nothing here changes a signature; each function returns another.
 */

/** Options in the names of the wire. */
export type WireOptions = Readonly<Record<string, unknown>>;

export function chainOf(tasks: readonly Signature[]): Signature {
  return encodeSignature({ task: 'celery.chain', kwargs: { tasks }, subtask_type: 'chain' });
}

export function groupOf(tasks: readonly Signature[], options: WireOptions = {}): Signature {
  return encodeSignature({ task: 'celery.group', kwargs: { tasks }, options, subtask_type: 'group' });
}

/** The header is a list of signatures, or a group once it has ids. */
export function chordOf(header: readonly Signature[] | Signature, body: Signature): Signature {
  return encodeSignature({
    task: 'celery.chord',
    kwargs: { kwargs: {}, header, body },
    subtask_type: 'chord',
  });
}

export function isChain({ task }: Signature): boolean {
  return task === 'celery.chain';
}

export function isGroup({ task }: Signature): boolean {
  return task === 'celery.group';
}

export function isChord({ task }: Signature): boolean {
  return task === 'celery.chord';
}

/** Steps of a chain, members of a group. */
export function tasksOf(signature: Signature): Signature[] {
  return decodeSignatures(signature.kwargs['tasks']) ?? [];
}

/** The header of a chord as a group. */
export function headerOf(chord: Signature): Signature {
  const { header } = chord.kwargs;
  if (Array.isArray(header)) return groupOf(decodeSignatures(header) ?? []);
  const only = decodeSignature(header);
  return isGroup(only) ? only : groupOf([only]);
}

export function bodyOf(chord: Signature): Signature {
  return decodeSignature(chord.kwargs['body']);
}

export function isEmptyGroup(signature: Signature): boolean {
  return isGroup(signature) && tasksOf(signature).length === 0;
}

export function isEmptyChain(signature: Signature): boolean {
  return isChain(signature) && tasksOf(signature).length === 0;
}

/** A group of one is that one. */
export function unrollGroup(signature: Signature): Signature {
  if (!isGroup(signature)) return signature;
  const [only, ...others] = tasksOf(signature);
  return only && others.length === 0 ? only : signature;
}

export function withTasks(signature: Signature, tasks: readonly Signature[]): Signature {
  return { ...signature, kwargs: { ...signature.kwargs, tasks } };
}

export function withBody(chord: Signature, body: Signature): Signature {
  return { ...chord, kwargs: { ...chord.kwargs, body } };
}

export function textOption(options: WireOptions, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** Options without some, and without those that are null or undefined. */
export function without(options: WireOptions, ...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => value !== null && value !== undefined && !names.includes(name),
    ),
  );
}
