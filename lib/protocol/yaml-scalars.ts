import type { ScalarTag, Tags } from 'yaml';

/*
 * What a plain text stands for, by PyYAML's rules (yaml/resolver.py). The library knows YAML 1.1 as it was written down,
 * where `y` is true, `1e3` a number and `089` too: PyYAML writes these texts without quotes, and they must stay texts.
 */

const TAG = 'tag:yaml.org,2002:';
const TIMESTAMP = `${TAG}timestamp`;

const TIMESTAMP_TEST =
  /^\d{4}-\d\d-\d\d$|^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?))?$/;

const SCALARS: readonly ScalarTag[] = [
  scalar('bool', /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  scalar('bool', /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  scalar('int', /^[-+]?0b[01_]+$/, (text) => signed(text, (digits) => BigInt(digits))),
  scalar('int', /^[-+]?0x[\da-fA-F_]+$/, (text) => signed(text, (digits) => BigInt(digits))),
  scalar('int', /^[-+]?0[0-7_]+$/, (text) => signed(text, (digits) => BigInt(`0o${digits.slice(1) || '0'}`))),
  scalar('int', /^[-+]?(?:0|[1-9][\d_]*)$/, (text) => signed(text, (digits) => BigInt(digits))),
  scalar('int', /^[-+]?[1-9][\d_]*(?::[0-5]?\d)+$/, (text) =>
    signed(text, (digits) => BigInt(sexagesimal(digits))),
  ),
  scalar('float', /^[-+]?\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?$|^\.\d[\d_]*(?:[eE][-+]\d+)?$/, (text) =>
    Number(text.replaceAll('_', '')),
  ),
  scalar('float', /^[-+]?\d[\d_]*(?::[0-5]?\d)+\.[\d_]*$/, (text) =>
    text.startsWith('-') ? -sexagesimal(text.slice(1)) : sexagesimal(text.replace('+', '')),
  ),
  scalar('float', /^[-+]?\.(?:inf|Inf|INF)$/, (text) =>
    text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
  ),
  scalar('float', /^\.(?:nan|NaN|NAN)$/, () => Number.NaN),
];

/** The library's tags of YAML 1.1 with PyYAML's rules for plain texts. Integers are `bigint`. */
export function pythonTags(tags: Tags): Tags {
  const replaced = new Set(SCALARS.map(({ tag }) => tag));
  const others = tags.filter((tag) => typeof tag === 'string' || !replaced.has(tag.tag));
  return [...SCALARS, ...others.map((tag) => (isTimestamp(tag) ? { ...tag, test: TIMESTAMP_TEST } : tag))];
}

function isTimestamp(tag: Tags[number]): tag is ScalarTag {
  return typeof tag !== 'string' && tag.tag === TIMESTAMP;
}

function scalar(name: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag {
  return { tag: `${TAG}${name}`, default: true, test, resolve };
}

function signed(text: string, read: (digits: string) => bigint): bigint {
  const value = read(text.replace(/^[-+]/, '').replaceAll('_', ''));
  return text.startsWith('-') ? -value : value;
}

/** `1:30` is 90. */
function sexagesimal(digits: string): number {
  return digits
    .replaceAll('_', '')
    .split(':')
    .reduce((sum, part) => sum * 60 + Number(part), 0);
}
