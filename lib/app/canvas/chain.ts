import type { Signature as SignatureJson } from '../../protocol/signature.ts';
import { Canvas, jsonOf } from './canvas.ts';
import { pipeAll } from './compose.ts';
import { unchain } from './merge.ts';
import type { AnyCanvas, FirstOf, Fits, Fitting, Gives, LastOf, NoList, Open, ResultOf } from './types.ts';

/** Steps one after the other; each gets the value of the one before. */
export class Chain<Open, Out, Result> extends Canvas<Open, Out, Result> {
  /** The steps, with what is linked to the chain on the last of them and its errbacks on all. */
  unchain(): SignatureJson[] {
    return unchain(this.toJSON());
  }

  clone(): Chain<Open, Out, Result> {
    return new Chain(this.ownApp, this.toJSON());
  }

  /** The same with one more step, which gets the value of the last. */
  pipe<N extends AnyCanvas>(next: Fits<Out, N>): Chain<Open, Gives<N>, ResultOf<N>> {
    return new Chain(this.ownApp, this.piped(jsonOf(next)));
  }
}

/**
 * A chain of these steps: `chain(add.s(1, 2), double.s())`. A group before another step is the header of a chord. The
 * result is that of the last step; those before it are its `parent`s.
 */
export function chain<const S extends readonly [AnyCanvas, ...AnyCanvas[]]>(
  ...steps: S & Fitting<S>
): Chain<Open<FirstOf<S>>, Gives<LastOf<S>>, ResultOf<LastOf<S>>>;
export function chain<S extends AnyCanvas>(
  steps: Iterable<S> & NoList,
): Chain<Open<S>, Gives<S>, ResultOf<S>>;
export function chain<const S extends readonly AnyCanvas[]>(
  steps: S & Fitting<S>,
): Chain<Open<FirstOf<S>>, Gives<LastOf<S>>, ResultOf<LastOf<S>>>;
export function chain(
  ...steps: readonly (AnyCanvas | Iterable<AnyCanvas>)[]
): Chain<never, unknown, unknown> {
  const list = membersOf(steps);
  return new Chain(Canvas.appIn(list), pipeAll(list.map(jsonOf)));
}

/** Members given one by one, or as one list of them. */
export function membersOf(members: readonly (SignatureJson | Iterable<SignatureJson>)[]): SignatureJson[] {
  return members.flatMap((member) => (isIterable(member) ? [...member] : [member]));
}

function isIterable(value: SignatureJson | Iterable<SignatureJson>): value is Iterable<SignatureJson> {
  return Symbol.iterator in value;
}
