import { hostname } from 'node:os';
import { UmbelError } from '../contract/errors.ts';

/** Expands `%h` (host), `%n` (name), `%d` (domain) and `%%`; what is unknown is an error that names the known ones. */
function expand(text: string, keys: Readonly<Record<string, string>>): string {
  return text.replace(/%(.?)/g, (whole, key: string) => {
    const value = keys[key];
    if (value !== undefined) return value;
    const known = Object.keys(keys).map((name) => `%${name}`);
    throw new UmbelError('bad_config', `Unknown "${whole}" in "${text}". Known are ${known.join(' ')}.`);
  });
}

/**
 * The node name for `-n` (celery/utils/nodenames.py): `w1@%h` is expanded, `w1` alone is a host (`celery@w1`), nothing
 * is `celery@<host>`. In it `%h` is the host name, `%n` its first label and `%d` the rest.
 */
export function nodeName(pattern: string | null, host: string = hostname()): string {
  const text = pattern ?? '';
  const at = text.indexOf('@');
  const name = at > 0 ? text.slice(0, at) : 'celery';
  const where = (at < 0 ? text : text.slice(at + 1)) || host;
  const dot = host.indexOf('.');
  const keys = {
    h: host,
    n: dot < 0 ? host : host.slice(0, dot),
    d: dot < 0 ? '' : host.slice(dot + 1),
    '%': '%',
  };
  return expand(`${name}@${where}`, keys);
}

/**
 * Expands the path of a pid or log file with the name of its node: `%n` name, `%h` host, `%d` domain, `%p` all. `%i` and
 * `%I` number the processes of Celery's pool, which write files of their own there; here they are `0` and nothing.
 */
export function nodeFile(pattern: string, node: string): string {
  const at = node.indexOf('@');
  const host = node.slice(at + 1);
  const dot = host.indexOf('.');
  return expand(pattern, {
    n: node.slice(0, Math.max(at, 0)),
    h: host,
    d: dot < 0 ? '' : host.slice(dot + 1),
    p: node,
    i: '0',
    I: '',
    '%': '%',
  });
}
