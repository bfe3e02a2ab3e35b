import type { Signature as SignatureJson } from '../../protocol/signature.ts';
import type { SignatureLike } from '../apply-options.ts';
import type { ErrbackArguments } from './errback-arguments.ts';
import type { GroupResult } from './group-result.ts';
import type { Immutable } from './open-arguments.ts';

/**
 * Anything that can be a step: what is open in it, what it gives to the next, and its result. Where only this is known of
 * a step, it fits everywhere.
 */
export interface AnyCanvas extends SignatureJson {
  readonly '~types': CanvasTypes<never, unknown, unknown>;
}

/** Exists for the compiler alone. */
export interface CanvasTypes<Open, Out, Result> {
  // A method, so that a class task is still a `Task` whatever its parameters.
  takes(open: Open): void;
  readonly gives: Out;
  readonly result: Result;
}

/** What is left open in a step: a tuple of arguments, or `Immutable`. */
export type Open<S extends AnyCanvas> = KnownOpen<Parameters<S['~types']['takes']>[0]>;
type KnownOpen<O> = [O] extends [never] ? unknown[] : unknown extends O ? unknown[] : O;

/** What a step takes as its first argument from the step before. */
export type Takes<S extends AnyCanvas> =
  Open<S> extends Immutable
    ? unknown
    : Open<S> extends readonly [(infer First)?, ...unknown[]]
      ? First
      : unknown;
/** What a step gives to the one after it. */
export type Gives<S extends AnyCanvas> = S['~types']['gives'];
/** Class of the result of a step. */
export type ResultOf<S extends AnyCanvas> = S['~types']['result'];

/** The steps themselves when each takes what the one before gives; else the place where they do not fit. */
export type Fitting<S extends readonly AnyCanvas[]> = S extends readonly [
  infer A extends AnyCanvas,
  infer B extends AnyCanvas,
  ...infer Rest extends readonly AnyCanvas[],
]
  ? readonly [A, ...Fitting<readonly [Fits<Gives<A>, B>, ...Rest]>]
  : S;

/** A step that takes this value; else what is wrong. */
export type Fits<Value, S extends AnyCanvas> =
  Accepts<Open<S>, [Value]> extends true ? S : S & Misfit<Value, Open<S>>;

/** Whether a step in which O is open can be called with these arguments. */
type Accepts<O, Given extends unknown[]> = [Given] extends [O]
  ? true
  : [Given[0]] extends [never]
    ? true
    : Immutable extends O
      ? true
      : false;

export interface Misfit<Value, Open> extends AnyCanvas {
  readonly 'this step does not take what the one before it gives': { gives: Value; takes: Open };
}

/**
 * A callback that takes what this gives, or of a group one that needs no value; else what is wrong. What is no object of
 * the canvas is not looked at, nor a value of which nothing is known.
 */
export type FitsCallback<Value, Result, S extends SignatureLike> = S extends AnyCanvas
  ? [Result] extends [GroupResult<unknown>]
    ? Accepts<Open<S>, []> extends true
      ? S
      : S & NeedsArguments<Open<S>>
    : Fits<unknown extends Value ? never : Value, S>
  : S;

export interface NeedsArguments<Open> extends AnyCanvas {
  readonly 'a group calls this without a value, so that it needs all its arguments': { missing: Open };
}

/** An errback of one of Celery's two kinds; else what is wrong. */
export type FitsErrback<S extends SignatureLike> = S extends AnyCanvas
  ? Accepts<Open<S>, [taskId: string]> extends true
    ? S
    : Accepts<Open<S>, ErrbackArguments> extends true
      ? S
      : S & NoErrback<Open<S>>
  : S;

export interface NoErrback<Open> extends AnyCanvas {
  readonly 'an errback takes the id of the task that failed, or (request, exc, traceback)': { takes: Open };
}

/** Sets, generators: lists have a signature of their own, which would not be the one to complain otherwise. */
export interface NoList {
  readonly length?: never;
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
