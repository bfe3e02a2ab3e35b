import type { Signature as SignatureJson } from '../../protocol/signature.ts';

/** Anything that can be a step: what it takes from the step before, what it gives to the next, and its result. */
export interface AnyCanvas extends SignatureJson {
  readonly '~types': CanvasTypes<never, unknown, unknown>;
}

/** Exists for the compiler alone. */
export interface CanvasTypes<In, Out, Result> {
  // A method, so that a class task is still a `Task` whatever its parameters.
  takes(value: In): void;
  readonly gives: Out;
  readonly result: Result;
}

/** What a step takes as its first argument from the step before. */
export type Takes<S extends AnyCanvas> = Parameters<S['~types']['takes']>[0];
/** What a step gives to the one after it. */
export type Gives<S extends AnyCanvas> = S['~types']['gives'];
/** Class of the result of a step. */
export type ResultOf<S extends AnyCanvas> = S['~types']['result'];

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

/** What a function with parameters P, given G as its last arguments, takes as its first. */
export type FirstMissing<P extends unknown[], G extends unknown[]> = P extends []
  ? never
  : P extends [(infer H)?, ...infer T]
    ? G extends T
      ? H
      : never
    : never;

/** The arguments that a function with parameters P still needs before those given. */
export type Missing<P extends unknown[], G extends unknown[]> =
  | (G extends P ? [] : never)
  | (number extends P['length'] ? unknown[] : WithoutLast<Required<P>, G>);

type WithoutLast<P extends unknown[], G extends unknown[]> = P extends [
  ...infer M,
  ...{ [K in keyof G]: unknown },
]
  ? M
  : never;

/** The steps themselves when each takes what the one before gives; else the place where they do not fit. */
export type Fitting<S extends readonly AnyCanvas[]> = S extends readonly [
  infer A extends AnyCanvas,
  infer B extends AnyCanvas,
  ...infer Rest extends readonly AnyCanvas[],
]
  ? readonly [A, ...Fitting<readonly [Fits<Gives<A>, B>, ...Rest]>]
  : S;

/** A step that takes this value; else what is wrong. */
export type Fits<Value, S extends AnyCanvas> = [Value] extends [Takes<S>] ? S : S & Misfit<Value, Takes<S>>;

export interface Misfit<Value, Takes> extends AnyCanvas {
  readonly 'this step does not take what the one before it gives': { gives: Value; takes: Takes };
}

export type LastOf<S extends readonly AnyCanvas[]> = S extends readonly [
  ...unknown[],
  infer L extends AnyCanvas,
]
  ? L
  : S[number];

export type FirstOf<S extends readonly AnyCanvas[]> = S extends readonly [
  infer F extends AnyCanvas,
  ...unknown[],
]
  ? F
  : S[number];

/** The list of what the members of a group return. */
export type GivesAll<S extends readonly AnyCanvas[]> = { -readonly [K in keyof S]: Gives<S[K]> };

/** What all members of a group take. */
export type TakesAll<S extends readonly AnyCanvas[]> = S extends readonly [
  infer F extends AnyCanvas,
  ...infer Rest extends readonly AnyCanvas[],
]
  ? Rest extends readonly []
    ? Takes<F>
    : Takes<F> & TakesAll<Rest>
  : Takes<S[number]>;
