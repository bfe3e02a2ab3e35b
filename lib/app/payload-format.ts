import { UmbelError } from '../contract/errors.ts';
import { canCompress, unsupported } from '../protocol/compression.ts';
import { DEFAULT_MAX_BYTES, type PayloadFormat, type PayloadLimits } from '../protocol/payload.ts';
import { acceptedTypes, JSON_SERIALIZER, serializerNamed } from '../protocol/serializer.ts';
import { localTimeZone } from '../util/time-zone.ts';
import type { Config } from './config.ts';

/** What a call or a task may say of its body. */
interface FormatOptions {
  readonly serializer?: string | null;
  readonly compression?: string | null;
}

/** How the body of a call is written: by its own options, else by the app's settings. */
export function formatOf(conf: Config, { serializer, compression }: FormatOptions): PayloadFormat {
  const name = serializer ?? conf.task_serializer;
  return {
    serializer: name === 'json' ? JSON_SERIALIZER : serializerNamed(name),
    compression: compression ?? conf.task_compression,
    maxBytes: maxMessageSize(conf),
  };
}

/** Throws `UmbelError('bad_request')` for a value that cannot be stored with `result_serializer`. JSON is known to be. */
export function checkResult({ result_serializer: name }: Config, value: unknown): void {
  if (name !== 'json') serializerNamed(name).encode(value);
}

/** What a worker and its remote control read. */
export function limitsOf(conf: Config): PayloadLimits {
  return {
    accept: acceptedTypes(conf.accept_content),
    maxBytes: maxMessageSize(conf),
    timeZone: timeZoneOf(conf),
  };
}

/** Zone of times without offset. */
export function timeZoneOf({ timezone, enable_utc }: Config): string {
  return timezone ?? (enable_utc ? 'UTC' : localTimeZone());
}

/** Throws `UmbelError('bad_config')` for serializers and compressions that are not there. */
export function checkFormats(conf: Config): void {
  for (const key of ['task_serializer', 'result_serializer', 'event_serializer'] as const) {
    serializerNamed(conf[key], key);
  }
  acceptedTypes(conf.accept_content);
  if (conf.result_accept_content !== null) acceptedTypes(conf.result_accept_content, 'result_accept_content');
  for (const key of ['task_compression', 'result_compression'] as const) {
    const method = conf[key];
    if (method !== null && !canCompress(method)) {
      throw new UmbelError('bad_config', `${key}: ${unsupported(method).message}`);
    }
  }
  maxMessageSize(conf);
}

function maxMessageSize({ broker_transport_options: options }: Config): number {
  const size = options['max_message_size'] ?? DEFAULT_MAX_BYTES;
  if (typeof size === 'number' && size > 0) return size;
  throw new UmbelError(
    'bad_config',
    `broker_transport_options.max_message_size must be a number of bytes above 0, not ${JSON.stringify(size)}.`,
  );
}
