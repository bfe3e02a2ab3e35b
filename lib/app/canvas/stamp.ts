import { isRecord } from '../../protocol/record.ts';
import type { Signature } from '../../protocol/signature.ts';
import { listOption } from './links.ts';
import {
  bodyOf,
  headerOf,
  isChain,
  isChord,
  isGroup,
  tasksOf,
  type WireOptions,
  withTasks,
} from './parts.ts';

/** Values to find tasks by, in the header `stamps` of each message. */
export type Stamps = Readonly<Record<string, unknown>>;

/**
 * Gives stamps to the parts of a canvas as it is walked (celery/canvas.py `StampingVisitor`). Each method gets the part
 * and the headers that hold there, and returns more. With a key `stamped_headers` only the names in that list are
 * stamps, and the others are options of the call; without it all are stamps.
 */
export interface StampingVisitor {
  /** Called for each task. */
  onSignature(signature: Signature, headers: Stamps): Stamps | undefined;
  /** Its stamps are for all members. */
  onGroupStart?(group: Signature, headers: Stamps): Stamps | undefined;
  onGroupEnd?(group: Signature, headers: Stamps): void;
  /** Its stamps are for all steps. */
  onChainStart?(chain: Signature, headers: Stamps): Stamps | undefined;
  onChainEnd?(chain: Signature, headers: Stamps): void;
  /** Its stamps are for header and body. Default: `onGroupStart` with the header. */
  onChordHeaderStart?(chord: Signature, headers: Stamps): Stamps | undefined;
  onChordHeaderEnd?(chord: Signature, headers: Stamps): void;
  onChordBody?(chord: Signature, headers: Stamps): Stamps | undefined;
  /** Called for each `link`, before `onSignature`. */
  onCallback?(callback: Signature, headers: Stamps): Stamps | undefined;
  /** Called for each `linkError`, before `onSignature`. */
  onErrback?(errback: Signature, headers: Stamps): Stamps | undefined;
}

export interface StampOptions {
  /** A stamp that is there already becomes the list of both. Default false: what comes first stays. */
  readonly appendStamps?: boolean;
}

export function isVisitor(value: Stamps | StampingVisitor): value is StampingVisitor {
  return 'onSignature' in value && typeof value.onSignature === 'function';
}

/**
 * Stamps every task of a signature and what is linked to it (celery/canvas.py `stamp`). Where a name has several
 * values, that of `headers` wins over the visitor's, and the visitor's over that of an earlier stamping.
 */
export function stamp(
  signature: Signature,
  headers: Stamps,
  visitor: StampingVisitor | null = null,
  { appendStamps = false }: StampOptions = {},
): Signature {
  return new Stamper(visitor, appendStamps).stamp(signature, headers);
}

class Stamper {
  readonly #visitor: StampingVisitor | null;
  readonly #appends: boolean;

  constructor(visitor: StampingVisitor | null, appends: boolean) {
    this.#visitor = visitor;
    this.#appends = appends;
  }

  stamp(signature: Signature, headers: Stamps): Signature {
    if (isChord(signature)) return this.#stampChord(signature, headers);
    if (isChain(signature)) return this.#stampChain(signature, headers);
    if (isGroup(signature)) return this.#stampGroup(signature, headers);
    const linked = this.#stampLinks(signature, headers);
    const stamps = this.#collect(this.#visitor?.onSignature(signature, headers), headers, signature.options);
    return { ...linked, options: { ...linked.options, ...stamps } };
  }

  #stampChain(chain: Signature, headers: Stamps): Signature {
    const visitor = this.#visitor;
    const inner = this.#collect(visitor?.onChainStart?.(chain, headers), headers, chain.options);
    const steps = tasksOf(chain).map((step) => this.stamp(step, inner));
    const stamped = withTasks(this.#stampLinks(chain, inner), steps);
    visitor?.onChainEnd?.(stamped, inner);
    return stamped;
  }

  #stampGroup(group: Signature, headers: Stamps): Signature {
    const visitor = this.#visitor;
    const inner = this.#collect(visitor?.onGroupStart?.(group, headers), headers, group.options);
    const members = tasksOf(group).map((member) => this.stamp(member, inner));
    const stamped = withTasks(this.#stampLinks(group, inner), members);
    visitor?.onGroupEnd?.(stamped, inner);
    return stamped;
  }

  #stampChord(chord: Signature, headers: Stamps): Signature {
    const visitor = this.#visitor;
    const atStart = visitor?.onChordHeaderStart
      ? visitor.onChordHeaderStart(chord, headers)
      : visitor?.onGroupStart?.(headerOf(chord), headers);
    const inner = this.#collect(atStart, headers, chord.options);
    const header = tasksOf(headerOf(chord)).map((member) => this.stamp(member, inner));
    const stamped = this.#stampLinks(chord, inner);
    if (visitor?.onChordHeaderEnd) visitor.onChordHeaderEnd(stamped, inner);
    else visitor?.onGroupEnd?.(headerOf(stamped), inner);
    const forBody = this.#collect(visitor?.onChordBody?.(stamped, inner), inner, chord.options);
    const body = this.stamp(bodyOf(chord), forBody);
    return { ...stamped, kwargs: { ...stamped.kwargs, header: withHeader(chord, header), body } };
  }

  /** What is linked gets these stamps, not those of the task that it is linked to. */
  #stampLinks(signature: Signature, headers: Stamps): Signature {
    const visitor = this.#visitor;
    const options = { ...signature.options };
    const stampAll = (name: string, visit: StampingVisitor['onCallback']): void => {
      const links = listOption(options, name);
      if (links.length === 0) return;
      options[name] = links.map((item) => this.stamp(item, this.#collect(visit?.(item, headers), headers)));
    };
    stampAll('link', visitor?.onCallback?.bind(visitor));
    stampAll('link_error', visitor?.onErrback?.bind(visitor));
    return { ...signature, options };
  }

  /** All stamps of a part, with their names in `stamped_headers`. */
  #collect(visited: Stamps | undefined, headers: Stamps, own: WireOptions = {}): Record<string, unknown> {
    const given = withNames(headers);
    const joined = visited ? this.#merge(given, withNames(visited)) : given;
    const names = namesIn(joined);
    const known = [...new Set([...names, ...namesIn(own)])];
    const earlier = Object.fromEntries(known.filter((name) => name in own).map((name) => [name, own[name]]));
    return { ...this.#merge(joined, earlier), stamped_headers: known };
  }

  /** The first one's values, and what only the second has (`_merge_dictionaries`); lists are joined, or all are. */
  #merge(first: Stamps, second: Stamps): Record<string, unknown> {
    const merged: Record<string, unknown> = { ...second, ...first };
    for (const [name, value] of Object.entries(first)) {
      if (Object.hasOwn(second, name)) merged[name] = joinValues(value, second[name], this.#appends);
    }
    merged['stamped_headers'] = [...new Set([...namesIn(first), ...namesIn(second)])];
    return merged;
  }
}

function joinValues(first: unknown, second: unknown, appends: boolean): unknown {
  if (isRecord(first)) return isRecord(second) ? joinRecords(first, second) : first;
  if (Array.isArray(first) && Array.isArray(second)) return [...first, ...second];
  if (!appends) return first;
  return [...asList(first), ...asList(second)];
}

/** Records are always joined, name by name. */
function joinRecords(first: Stamps, second: Stamps): Record<string, unknown> {
  const joined: Record<string, unknown> = { ...second, ...first };
  for (const [name, value] of Object.entries(first)) {
    if (Object.hasOwn(second, name)) joined[name] = joinValues(value, second[name], true);
  }
  return joined;
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === null || value === undefined ? [] : [value];
}

function withNames(headers: Stamps): Stamps {
  return 'stamped_headers' in headers ? headers : { ...headers, stamped_headers: Object.keys(headers) };
}

function namesIn({ stamped_headers: names }: Stamps): string[] {
  return Array.isArray(names) ? names.map(String) : [];
}

/** A header that is a group with an id stays one. */
function withHeader(chord: Signature, members: readonly Signature[]): unknown {
  return Array.isArray(chord.kwargs['header']) ? members : withTasks(headerOf(chord), members);
}
