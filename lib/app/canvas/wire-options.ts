import {
  decodeSignature,
  decodeSignatures,
  encodeSignature,
  type Signature,
} from '../../protocol/signature.ts';
import { type ApplyOptions, etaText, type SignatureLike } from '../apply-options.ts';
import { textOption, type WireOptions, without } from './parts.ts';

/** Options that only change their name between `applyAsync` and the options of a signature. */
const NAMES = {
  countdown: 'countdown',
  priority: 'priority',
  headers: 'headers',
  ignoreResult: 'ignore_result',
  timeLimit: 'time_limit',
  softTimeLimit: 'soft_time_limit',
  retry: 'retry',
  groupIndex: 'group_index',
  expires: 'expires',
  addToParent: 'add_to_parent',
  replacedTaskNesting: 'replaced_task_nesting',
} as const satisfies Partial<Record<keyof ApplyOptions, string>>;

/** The same for those that are texts, and nothing else when they come from elsewhere. */
const TEXTS = {
  taskId: 'task_id',
  replyTo: 'reply_to',
  queue: 'queue',
  exchange: 'exchange',
  routingKey: 'routing_key',
  shadow: 'shadow',
  group: 'group_id',
  rootId: 'root_id',
  parentId: 'parent_id',
  serializer: 'serializer',
} as const satisfies Partial<Record<keyof ApplyOptions, string>>;

/** Options of a call as a signature carries them. */
export function toWireOptions(options: ApplyOptions): WireOptions {
  const wire: Record<string, unknown> = {};
  for (const [name, wireName] of [...Object.entries(NAMES), ...Object.entries(TEXTS)]) {
    wire[wireName] = Reflect.get(options, name);
  }
  const { eta, expires, retryPolicy, link, linkError, chord, chain, stampedHeaders, stamps } = options;
  return without({
    ...wire,
    eta: eta === undefined ? undefined : etaText({ eta }),
    expires: expires instanceof Date ? etaText({ eta: expires }) : expires,
    retry_policy: retryPolicy && {
      max_retries: retryPolicy.maxRetries,
      interval_start: retryPolicy.intervalStart,
      interval_step: retryPolicy.intervalStep,
      interval_max: retryPolicy.intervalMax,
    },
    link: link && signatureList(link),
    link_error: linkError && signatureList(linkError),
    chord,
    chain,
    stamped_headers: stampedHeaders,
    ...stamps,
  });
}

/** Options of a signature, ours or from Python, as a call takes them. */
export function fromWireOptions(wire: WireOptions): ApplyOptions {
  const options: Record<string, unknown> = {};
  for (const [name, wireName] of Object.entries(NAMES)) options[name] = wire[wireName];
  for (const [name, wireName] of Object.entries(TEXTS)) options[name] = textOption(wire, wireName);
  const { eta, chain, chord } = wire;
  const stamped = wire['stamped_headers'];
  const stampedHeaders = Array.isArray(stamped) ? stamped.map(String) : null;
  return without({
    ...options,
    eta,
    link: decodeSignatures(wire['link']),
    linkError: decodeSignatures(wire['link_error']),
    chain: decodeSignatures(chain),
    chord: chord ? decodeSignature(chord) : null,
    stampedHeaders,
    stamps: stampedHeaders && Object.fromEntries(stampedHeaders.map((name) => [name, wire[name]])),
  });
}

export function signatureList(value: SignatureLike | readonly SignatureLike[]): Signature[] {
  return (isList(value) ? value : [value]).map(encodeSignature);
}

function isList(value: SignatureLike | readonly SignatureLike[]): value is readonly SignatureLike[] {
  return Array.isArray(value);
}
