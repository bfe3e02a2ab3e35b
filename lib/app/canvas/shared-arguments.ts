import type { Immutable } from './open-arguments.ts';
import type { AnyCanvas, Open } from './types.ts';

/** What all members of a group take. */
export type OpenInAll<S extends readonly AnyCanvas[]> = S extends readonly [
  infer F extends AnyCanvas,
  ...infer Rest extends readonly AnyCanvas[],
]
  ? Readable<Shared<Open<F>, Rest>>
  : number extends S['length']
    ? Open<S[number]>
    : Immutable;

type Shared<O, S extends readonly AnyCanvas[]> = S extends readonly [
  infer F extends AnyCanvas,
  ...infer Rest extends readonly AnyCanvas[],
]
  ? Shared<Both<O, Open<F>>, Rest>
  : O;

type Readable<O> = [O] extends [never] ? [MembersDiffer] : O;

type Both<A, B> = A extends Immutable
  ? B
  : B extends Immutable
    ? A
    : A extends B
      ? A
      : B extends A
        ? B
        : A extends readonly unknown[]
          ? B extends readonly unknown[]
            ? A['length'] extends B['length']
              ? { [K in keyof A]: A[K] & (K extends keyof B ? B[K] : never) }
              : never
            : never
          : never;

/** The members of a group get the same arguments, and these members cannot. */
export interface MembersDiffer {
  readonly 'the members of the group need different arguments': never;
}
