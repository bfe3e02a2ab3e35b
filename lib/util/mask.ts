import { maskPairs } from './mask-pairs.ts';
import { maskUrlsInside, maskWholeUrl } from './mask-urls.ts';
import { isHiddenSetting, isSecretName, MASK } from './secret-names.ts';

/*
 * The one place that hides secrets. Everything that is printed, logged, answered or shown goes through one of these on
 * its last step; none of them changes what is sent or stored for tasks.
 */

/** Shows a URL, or a list of them for failover, without its passwords: `redis://:********@host:6379/0`. */
export function maskUrl(url: string): string {
  return maskWholeUrl(url);
}

/** Shows a text, such as an error or a line of a log, without the secrets in its URLs, dictionaries and `name=value` pairs. */
export function maskText(text: string): string {
  return maskPairs(text.includes('://') ? maskUrlsInside(text) : text);
}

/** A copy of settings or of `inspect stats`, with the values of all names masked that Celery hides. */
export function maskSettings(settings: unknown): unknown {
  return maskValue(settings, '', isHiddenSetting);
}

/** A copy of arguments, results or replies, with the values of secret names masked. */
export function maskData(value: unknown): unknown {
  return maskValue(value, '', isSecretName);
}

/** Whether a secret was masked in this text. */
export function hasMask(text: string): boolean {
  return text.includes(MASK);
}

/** A copy of a worker's reply to a remote command. */
export function maskReply(method: string, reply: unknown): unknown {
  return method === 'conf' || method === 'stats' ? maskSettings(reply) : maskData(reply);
}

function maskValue(value: unknown, key: string, isSecret: (name: string) => boolean): unknown {
  if (value === null || value === undefined) return value;
  if (key !== '' && isSecret(key)) return MASK;
  if (typeof value === 'string') return maskNamed(value, key);
  if (Array.isArray(value)) return value.map((item) => maskValue(item, key, isSecret));
  if (typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [maskText(name), maskValue(item, name, isSecret)]),
  );
}

function maskNamed(text: string, key: string): string {
  // kombu splits a URL at each `;`, also inside a password: what has no scheme may be the rest of one.
  if (key === 'alternates' && !text.includes('://')) return MASK;
  const isUrl = /^\s*[a-z][a-z0-9+.-]{0,40}:\/\//i.test(text);
  return isUrl && (/url|broker|backend|alternates/i.test(key) || !/\s/.test(text))
    ? maskUrl(text)
    : maskText(text);
}
