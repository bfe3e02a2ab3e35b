import {
  decodeSignature,
  decodeSignatures,
  encodeSignature,
  type Signature,
} from '../../protocol/signature.ts';
import { type ApplyOptions, etaText, type SignatureLike } from '../apply-options.ts';
import { type WireOptions, without } from './parts.ts';

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
  deliveryMode: 'delivery_mode',
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
  compression: 'compression',
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
    eta: timeOption(eta),
    expires: typeof expires === 'number' ? expires : timeOption(expires),
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

/** A text stays as it is: its time zone may be that of the app, which is only known when it is sent. */
function timeOption(time: Date | string | undefined): string | undefined {
  if (time === undefined || time === null) return undefined;
  const text = etaText({ eta: time });
  return typeof time === 'string' ? time : (text ?? undefined);
}

const BY_WIRE_NAME = new Map<string, { readonly name: string; readonly isText: boolean }>([
  ...Object.entries(NAMES).map(([name, wire]) => [wire, { name, isText: false }] as const),
  ...Object.entries(TEXTS).map(([name, wire]) => [wire, { name, isText: true }] as const),
]);

/** Options of a signature, ours or from Python, as a call takes them. Runs for every message of a canvas. */
export function fromWireOptions(wire: WireOptions): ApplyOptions {
  const options: Record<string, unknown> = {};
  for (const wireName in wire) {
    const value = wire[wireName];
    const known = BY_WIRE_NAME.get(wireName);
    if (value === null || value === undefined || !known) continue;
    if (!known.isText || typeof value === 'string') options[known.name] = value;
  }
  const { eta, link, link_error: linkError, chain, chord, stamped_headers: stamped } = wire;
  if (eta) options['eta'] = eta;
  if (link) options['link'] = decodeSignatures(link);
  if (linkError) options['linkError'] = decodeSignatures(linkError);
  if (chain) options['chain'] = decodeSignatures(chain);
  if (chord) options['chord'] = decodeSignature(chord);
  if (!Array.isArray(stamped)) return options;
  const stampedHeaders = stamped.map(String);
  const stamps = Object.fromEntries(stampedHeaders.map((name) => [name, wire[name]]));
  return { ...options, stampedHeaders, stamps };
}

export function signatureList(value: SignatureLike | readonly SignatureLike[]): Signature[] {
  return (isList(value) ? value : [value]).map(encodeSignature);
}

function isList(value: SignatureLike | readonly SignatureLike[]): value is readonly SignatureLike[] {
  return Array.isArray(value);
}
