import type { AsyncResult } from '../async-result.ts';
import { Canvas, jsonOf } from './canvas.ts';
import { Chain } from './chain.ts';
import type { Group } from './group.ts';
import { chordOf, isGroup, tasksOf } from './parts.ts';
import type { OpenInAll } from './shared-arguments.ts';
import type { AnyCanvas, Fits, Gives, GivesAll, ResultOf } from './types.ts';

/** A group, and a body that gets the list of what it returns. The result is that of the body, its parent the group. */
export class Chord<Open, Out, Result = AsyncResult<Out>> extends Canvas<Open, Out, Result> {
  clone(): Chord<Open, Out, Result> {
    return new Chord(this.ownApp, this.toJSON());
  }

  /** The same with one more step after the body. */
  pipe<N extends AnyCanvas>(next: Fits<Out, N>): Chain<Open, Gives<N>, ResultOf<N>> {
    return new Chain(this.ownApp, this.piped(jsonOf(next)));
  }
}

/** A chord: `chord([add.s(1, 2), add.s(3, 4)], sum.s())`. Needs a result backend that all workers share. */
export function chord<Open, Out, B extends AnyCanvas>(
  header: Group<Open, Out>,
  body: Fits<Out, B>,
): Chord<Open, Gives<B>, ResultOf<B>>;
export function chord<const H extends readonly AnyCanvas[], B extends AnyCanvas>(
  header: H,
  body: Fits<GivesAll<H>, B>,
): Chord<OpenInAll<H>, Gives<B>, ResultOf<B>>;
export function chord(
  header: AnyCanvas | readonly AnyCanvas[],
  body: AnyCanvas,
): Chord<never, unknown, unknown> {
  const list = isList(header) ? header : [header];
  const members = list.map(jsonOf);
  const [only] = members;
  const flat = !isList(header) && only && isGroup(only) ? tasksOf(only) : members;
  return new Chord(Canvas.appIn([...list, body]), chordOf(flat, jsonOf(body)));
}

function isList(header: AnyCanvas | readonly AnyCanvas[]): header is readonly AnyCanvas[] {
  return Array.isArray(header);
}
