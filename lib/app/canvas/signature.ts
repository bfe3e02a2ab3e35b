import { encodeSignature, type Signature as SignatureJson } from '../../protocol/signature.ts';
import type { ApplyOptions } from '../apply-options.ts';
import type { AsyncResult } from '../async-result.ts';
import { Canvas, jsonOf, type SignatureParts } from './canvas.ts';
import { Chain } from './chain.ts';
import { merge } from './merge.ts';
import type { Immutable, LastArguments, Missing } from './open-arguments.ts';
import type { AnyCanvas, Fits, Gives, ResultOf } from './types.ts';
import { toWireOptions } from './wire-options.ts';

/**
 * A call of one task, to be made later. P are the parameters of the task and G the arguments given; what a chain passes
 * on, or a call adds, is put before them. R is what the task returns.
 */
export class Signature<P extends unknown[], G extends unknown[], R> extends Canvas<
  Missing<P, G>,
  R,
  AsyncResult<R>
> {
  override replace(parts: SignatureParts & { readonly args?: undefined }): this;
  override replace<X extends LastArguments<P>>(
    parts: SignatureParts & { readonly args: X },
  ): Signature<P, [...X], R>;
  override replace(parts: SignatureParts): Canvas<unknown, R, AsyncResult<R>> {
    return super.replace(parts);
  }

  /** A copy; partial arguments are put before those given. */
  clone<X extends LastArguments<P>>(args: X, options?: ApplyOptions): Signature<P, [...X, ...G], R>;
  clone(): Signature<P, G, R>;
  clone(args: readonly unknown[] = [], options: ApplyOptions = {}): Canvas<unknown, R, AsyncResult<R>> {
    const { kwargs = {}, ...rest } = options;
    const json = merge(this.toJSON(), { args, kwargs, options: toWireOptions(rest) });
    return new Signature(this.ownApp, json);
  }

  /** This and then the next, which gets its value: `add.s(1, 2).pipe(double.s())`. */
  pipe<N extends AnyCanvas>(next: Fits<R, N>): Chain<Missing<P, G>, Gives<N>, ResultOf<N>> {
    return new Chain(this.ownApp, this.piped(jsonOf(next)));
  }
}

/** A signature that takes nothing from the step before it. */
export class ImmutableSignature<R> extends Canvas<Immutable, R, AsyncResult<R>> {
  clone(): ImmutableSignature<R> {
    return new ImmutableSignature(this.ownApp, this.toJSON());
  }

  /** This and then the next, which gets its value. */
  pipe<N extends AnyCanvas>(next: Fits<R, N>): Chain<Immutable, Gives<N>, ResultOf<N>> {
    return new Chain(this.ownApp, this.piped(jsonOf(next)));
  }
}

/** JSON of a call of one task. */
export function taskJson(
  task: string,
  args: readonly unknown[],
  { kwargs = {}, ...options }: ApplyOptions = {},
  immutable = false,
): SignatureJson {
  return encodeSignature({ task, args, kwargs, options: toWireOptions(options), immutable });
}
