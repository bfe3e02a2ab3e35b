import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  type AnyCanvas,
  Celery,
  chain,
  chord,
  group,
  type Signature,
  type StampingVisitor,
} from '../../lib/index.ts';

/* What Celery's own objects carry after stamping (stamps.json, made by stamps.py), against what ours do. */

const app = new Celery('stamps', { broker: 'redis://127.0.0.1:1/0' });
const s = (name: string): Signature<unknown[], unknown[], never> => app.signature<never>(name);
const linked = <C extends { link(next: AnyCanvas): C; linkError(next: AnyCanvas): C }>(canvas: C): C =>
  canvas.link(s('cb')).linkError(s('eb'));

const who: StampingVisitor = { onSignature: ({ task }) => ({ name: task, who: 'visitor' }) };
const full: StampingVisitor = {
  ...who,
  onGroupStart: () => ({ in_group: true }),
  onChainStart: () => ({ in_chain: true }),
  onChordHeaderStart: () => ({ in_group: true, in_header: true }),
  onChordBody: () => ({ in_body: true }),
  onCallback: () => ({ is_callback: true }),
  onErrback: () => ({ is_errback: true }),
};
const options: StampingVisitor = {
  onSignature: () => ({ tenant: 'acme', priority: 3, stamped_headers: ['tenant'] }),
};
const lists: StampingVisitor = { onSignature: () => ({ items: [1, 2], number: 5, record: { a: 1 } }) };
const append = { appendStamps: true };

const CANVASES: Readonly<Record<string, AnyCanvas>> = {
  one: s('a').stamp({ foo: 1 }),
  twice: s('a').stamp({ foo: 1 }).stamp({ foo: 2, bar: 3 }),
  'headers and visitor': s('a').stamp(who, {}, { who: 'header' }),
  'visitor, then headers': s('a').stamp(who).stamp({ who: 'later' }),
  appended: s('a').stamp({ foo: 1 }).stamp({ foo: 2 }, append),
  links: linked(s('a')).stamp(full),
  chain: chain(s('a'), s('b')).stamp(full),
  'linked chain': linked(chain(s('a'), s('b'))).stamp(full, {}, { tenant: 1 }),
  group: group(s('a'), s('b')).stamp(full),
  chord: chord([s('a'), s('b')], s('c')).stamp(full),
  'chain with chord': chain(s('a'), chord([s('b'), s('c')], s('d'))).stamp(full),
  options: s('a').stamp(options),
  lists: s('a').stamp(lists).stamp(lists, append),
  'lists, not appended': s('a').stamp(lists).stamp(lists),
};

/** Python keeps the names of stamps in a set: any order is right. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      name === 'stamped_headers' && Array.isArray(item) ? [...item].sort() : sorted(item),
    ]),
  );
}

test("the same stamps as Celery's", async () => {
  const { canvases } = JSON.parse(await readFile(new URL('stamps.json', import.meta.url), 'utf8'));
  const made = Object.entries(CANVASES).map(([name, canvas]) => [
    name,
    sorted(JSON.parse(JSON.stringify(canvas))),
  ]);
  expect(Object.fromEntries(made)).toEqual(canvases);
});

test('a visitor sees the end of each part, and what holds there', () => {
  const seen: string[] = [];
  const note =
    (what: string) =>
    ({ task }: { readonly task: string }, headers: object): undefined => {
      seen.push(`${what} ${task} ${Object.keys(headers).join(',')}`);
    };
  chain(s('a'), chord([s('b')], s('c'))).stamp(
    {
      onSignature: note('task'),
      onChainEnd: note('chain end'),
      onGroupStart: note('group'),
      onGroupEnd: note('group end'),
    },
    {},
    { tenant: 1 },
  );
  expect(seen).toEqual([
    'task a tenant,stamped_headers',
    'group celery.group tenant,stamped_headers',
    'task b tenant,stamped_headers',
    'group end celery.group tenant,stamped_headers',
    'task c tenant,stamped_headers',
    'chain end celery.chain tenant,stamped_headers',
  ]);
});

test('without a visitor the body of a chord is stamped as well', () => {
  const { body } = chord([s('a')], s('b')).stamp({ tenant: 1 }).kwargs;
  expect(body).toMatchObject({ options: { tenant: 1, stamped_headers: ['tenant'] } });
});
