import type { ApplyOptions } from '../apply-options.ts';

/*
 * What is left open of a call: the arguments that the step before it passes on, or that `delay` adds, in front of those
 * given. A tuple, or `Immutable`; where nothing is known of it `unknown`, or `never`.
 */

/** In place of open arguments: it takes nothing of the step before it, and nothing can be added. */
export interface Immutable {
  readonly 'takes nothing': true;
}

/** The last arguments of a function: all of them, or without the first, the first two … */
export type LastArguments<P extends unknown[]> =
  | P
  | (P extends []
      ? never
      : number extends P['length']
        ? P extends [unknown, ...infer T]
          ? LastArguments<T>
          : never
        : P extends [unknown?, ...infer T]
          ? LastArguments<T>
          : never);

/** The arguments that a function with parameters P still needs before those given. */
export type Missing<P extends unknown[], G extends unknown[]> = Compared<NotGiven<P, G>>;

/** The same type, which the compiler compares by its members, where it would refuse without a look at them. */
type Compared<T> = { [K in keyof T]: T[K] };

type NotGiven<P extends unknown[], G extends unknown[]> = number extends G['length']
  ? unknown[]
  : number extends P['length']
    ? P | Before<P, Starts<P>, G>
    : Before<P, Ends<Required<P>, P['length']>, G>;

/** The beginnings X of the lists Q for which X and then G are arguments for P. */
type Before<P extends unknown[], Q extends unknown[], G extends unknown[]> = Q extends [
  ...infer X,
  ...{ [K in keyof G]: unknown },
]
  ? [...X, ...G] extends P
    ? X
    : never
  : never;

/** P with some, none or all of its optional parameters. */
type Ends<P extends unknown[], Length> =
  | (P['length'] extends Length ? P : never)
  | (P extends [...infer Rest, unknown] ? Ends<Rest, Length> : never);

/** What may stand before the rest parameter of P and one value for it. */
type Starts<P extends unknown[], Front extends unknown[] = []> = P extends [infer H, ...infer T]
  ? [...Front, H] | Starts<T, [...Front, H]>
  : Front;

/** What a call of a step may add, in front of what it has. */
export type ArgumentsOf<O> = [O] extends [never]
  ? unknown[]
  : unknown extends O
    ? unknown[]
    : O extends readonly unknown[]
      ? [...O]
      : [];

/** What `applyAsync` and `apply` take: the open arguments, or with kwargs for the others the first of them. */
export type CallArguments<O, Options extends ApplyOptions> = CallOf<ArgumentsOf<O>, Options>;
type CallOf<A extends unknown[], Options> = A extends [unknown, ...unknown[]]
  ?
      | [args: readonly [...A], options?: Options]
      | [args: readonly [...Partial<A>], options: Options & WithKwargs]
  : [args?: readonly [...A], options?: Options];

export interface WithKwargs {
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** What `map` may give a task, one by one. */
export type MapItem<P extends unknown[]> = [P[0]] extends P ? P[0] : NotMapped<P>;

export interface NotMapped<P> {
  readonly 'map gives a task one argument, starmap gives it several': { takes: P };
}
