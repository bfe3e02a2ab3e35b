import { Canvas, jsonOf } from './canvas.ts';
import { Chain, membersOf } from './chain.ts';
import type { GroupResult } from './group-result.ts';
import { groupOf, tasksOf } from './parts.ts';
import type { OpenInAll } from './shared-arguments.ts';
import type { AnyCanvas, Fits, Gives, GivesAll, NoList, Open, ResultOf } from './types.ts';

/** Seconds. */
export interface SkewOptions {
  readonly start?: number;
  readonly stop?: number | null;
  readonly step?: number;
}

/** Tasks side by side. `Out` is the list of what they return. */
export class Group<Open, Out> extends Canvas<Open, Out, GroupResult<Out>> {
  get length(): number {
    return tasksOf(this).length;
  }

  /**
   * Spreads the starts: the first after `start` seconds, each next `step` later, none later than `stop`. Changes the
   * group (celery/canvas.py `group.skew`).
   */
  skew({ start = 1, stop = null, step = 1 }: SkewOptions = {}): this {
    const last = stop === null ? Infinity : Math.floor((stop - start) / step);
    return this.setEach((index) => ({ countdown: start + Math.min(index, last) * step }));
  }

  clone(): Group<Open, Out> {
    return new Group(this.ownApp, this.toJSON());
  }

  /** A chord: the next gets the list of what they return. */
  pipe<N extends AnyCanvas>(next: Fits<Out, N>): Chain<Open, Gives<N>, ResultOf<N>> {
    return new Chain(this.ownApp, this.piped(jsonOf(next)));
  }
}

/** A group of these: `group(add.s(1, 2), add.s(3, 4))`, or of a list of them. */
export function group<S extends AnyCanvas>(members: Iterable<S> & NoList): Group<Open<S>, Gives<S>[]>;
export function group<const S extends readonly AnyCanvas[]>(
  members: S,
): Group<OpenInAll<S>, Gives<S[number]>[]>;
export function group<S extends readonly AnyCanvas[]>(...members: S): Group<OpenInAll<S>, GivesAll<S>>;
export function group(...members: readonly (AnyCanvas | Iterable<AnyCanvas>)[]): Group<never, unknown> {
  const list = membersOf(members);
  return new Group(Canvas.appIn(list), groupOf(list.map(jsonOf)));
}
