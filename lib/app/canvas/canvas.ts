import { UmbelError } from '../../contract/errors.ts';
import { pythonRepr } from '../../protocol/repr.ts';
import { encodeSignature, type Signature as SignatureJson } from '../../protocol/signature.ts';
import { uuid } from '../../util/clock.ts';
import type { AnyResult } from '../any-result.ts';
import type { AppPort } from '../app-port.ts';
import type { ApplyOptions, SignatureLike } from '../apply-options.ts';
import type { EagerOptions } from '../eager-options.ts';
import type { ResultPort } from '../result-port.ts';
import { apply } from './apply.ts';
import { applyEagerly } from './apply-eagerly.ts';
import { checkCalls } from './check-calls.ts';
import { pipe } from './compose.ts';
import { freeze } from './freeze.ts';
import { GroupResult } from './group-result.ts';
import { flattenLinks, link, linkError } from './links.ts';
import { merge, type PartialCall } from './merge.ts';
import type { ArgumentsOf, CallArguments } from './open-arguments.ts';
import { headerOf, isChord, isEmptyGroup, isGroup, tasksOf, withTasks } from './parts.ts';
import { resultFrom } from './result-from.ts';
import { isVisitor, type StampingVisitor, type StampOptions, type Stamps, stamp } from './stamp.ts';
import type { AnyCanvas, CanvasTypes, FitsCallback, FitsErrback } from './types.ts';
import { toWireOptions } from './wire-options.ts';

/**
 * Calls that are stored to be made later: a signature, chain, group, chord. It reads as the JSON that travels in
 * messages. As in Celery `set`, `link` and `linkError` change it, all else leaves it as it is.
 */
export abstract class Canvas<Open, Out, Result> implements AnyCanvas {
  declare readonly '~types': CanvasTypes<Open, Out, Result>;
  readonly #app: AppPort | null;
  #json: SignatureJson;

  constructor(app: AppPort | null, json: SignatureJson) {
    this.#app = app;
    this.#json = json;
  }

  /** The app that sends it: that of its first task with one. Throws `bad_request` without any. */
  get app(): AppPort {
    if (this.#app) return this.#app;
    throw new UmbelError(
      'bad_request',
      `The signature of ${this.task} belongs to no app. Make it with a task of an app, or with app.signature(…).`,
    );
  }

  get task(): string {
    return this.#json.task;
  }

  get args(): readonly unknown[] {
    return this.#json.args;
  }

  get kwargs(): Readonly<Record<string, unknown>> {
    return this.#json.kwargs;
  }

  /** Options in the names of the wire, such as `task_id`. */
  get options(): Readonly<Record<string, unknown>> {
    return this.#json.options;
  }

  get subtask_type(): string | null {
    return this.#json.subtask_type;
  }

  get immutable(): boolean {
    return this.#json.immutable;
  }

  /** Id of the task (of a chain: of its last) once it is frozen or set; null before. */
  get id(): string | null {
    const id = this.#json.options['task_id'];
    return typeof id === 'string' ? id : null;
  }

  /** Sends it with the arguments that it still needs. */
  delay(...args: ArgumentsOf<Open>): Promise<Result>;
  delay(...args: unknown[]): Promise<Result> {
    return this.#send(args, {});
  }

  /**
   * Sends it; resolves when the broker has it. Partial arguments are put before those given. Throws `UmbelError`:
   * `bad_request`, or `unavailable` when the broker is away.
   */
  applyAsync(...call: CallArguments<Open, ApplyOptions>): Promise<Result>;
  applyAsync(args: readonly unknown[] = [], options: ApplyOptions = {}): Promise<Result> {
    return this.#send(args, options);
  }

  /** Runs it here and now, step by step, as a worker would. An error of a step before the last is thrown. */
  apply(...call: CallArguments<Open, EagerOptions>): Promise<Result>;
  async apply(args: readonly unknown[] = [], options: EagerOptions = {}): Promise<Result> {
    const call = { ...partialCall(args, options), throw: options.throw };
    return this.#asResult(await applyEagerly(this.app, this.#json, call));
  }

  /** Gives every task in it its id, which stays; returns where the result will be. */
  freeze(taskId?: string): Result {
    const { signature, node } = freeze(this.#json, { oid: this.app.oid, id: taskId });
    this.#json = signature;
    return this.#asResult(resultFrom(this.app, node));
  }

  /** Changes options of the call, or whether it takes the value of the step before. */
  set({ immutable, ...options }: ApplyOptions & { readonly immutable?: boolean }): this {
    const { kwargs = {}, ...rest } = options;
    this.#json = merge(this.#json, { kwargs, options: toWireOptions(rest) });
    if (immutable !== undefined) this.#json = setImmutable(this.#json, immutable);
    return this;
  }

  /**
   * A copy with other arguments, kwargs or options; what is left out stays. (`clone` adds to them.)
   */
  replace(parts: SignatureParts & { readonly args?: undefined }): this;
  replace(parts: SignatureParts): Canvas<unknown, Out, Result>;
  replace({ args, kwargs, options }: SignatureParts): Canvas<unknown, Out, Result> {
    const json = this.#json;
    return this.#copy({
      ...json,
      args: args ?? json.args,
      kwargs: kwargs ?? json.kwargs,
      options: options ? toWireOptions(options) : json.options,
    });
  }

  /** This, and all that is linked to it, and to that. */
  flattenLinks(): SignatureJson[] {
    return flattenLinks(this.#json);
  }

  /** Called with the result. Of a group: called without it when its first task succeeds; of a chord: linked to its body. */
  link<S extends SignatureLike>(callback: FitsCallback<Out, Result, S>): this;
  link(callback: SignatureLike): this {
    this.#json = link(this.#json, encodeSignature(callback));
    return this;
  }

  /** Called with the id of the task that failed. Of a chord: the body's, as `task_allow_error_cb_on_chord_header` says. */
  linkError<S extends SignatureLike>(errback: FitsErrback<S>): this;
  linkError(errback: SignatureLike): this {
    const onHeader = this.#app?.conf.task_allow_error_cb_on_chord_header ?? false;
    this.#json = linkError(this.#json, encodeSignature(errback), onHeader);
    return this;
  }

  /** As `linkError`, by the name that Celery's documentation uses in a row of calls. */
  onError<S extends SignatureLike>(errback: FitsErrback<S>): this;
  onError(errback: SignatureLike): this {
    return this.linkError(errback);
  }

  /**
   * Stamps every task in it and what is linked to it, with values by which tasks can be found and revoked:
   * `sig.stamp({ tenant: 'acme' })`. A visitor says for each part what its stamps are:
   * `sig.stamp({ onSignature: () => ({ at: Date.now() }) }, { appendStamps: true }, { tenant: 'acme' })`.
   */
  stamp(stamps: Stamps, options?: StampOptions): this;
  stamp(visitor: StampingVisitor, options?: StampOptions, stamps?: Stamps): this;
  stamp(first: Stamps | StampingVisitor, options: StampOptions = {}, stamps: Stamps = {}): this {
    this.#json = isVisitor(first)
      ? stamp(this.#json, stamps, first, options)
      : stamp(this.#json, first, null, options);
    return this;
  }

  /** The app of the first of these that has one. */
  static appIn(canvases: Iterable<unknown>): AppPort | null {
    for (const canvas of canvases) {
      if (canvas instanceof Canvas && canvas.#app) return canvas.#app;
    }
    return null;
  }

  toJSON(): SignatureJson {
    return this.#json;
  }

  /** `tasks.add(1, 2)` */
  toString(): string {
    const { task, args, kwargs } = this.#json;
    const named = Object.entries(kwargs).map(([name, value]) => `${name}=${pythonRepr(value)}`);
    return `${task}(${[...args.map((arg) => pythonRepr(arg)), ...named].join(', ')})`;
  }

  /** Sets options of each member. */
  protected setEach(optionsOf: (index: number) => ApplyOptions): this {
    const members = tasksOf(this.#json).map((member, index) =>
      merge(member, { options: toWireOptions(optionsOf(index)) }),
    );
    this.#json = withTasks(this.#json, members);
    return this;
  }

  /** What comes after this, as JSON: `this | next`. */
  protected piped(next: SignatureJson): SignatureJson {
    return pipe(this.#json, jsonOf(next));
  }

  /** The app if there is one, for what is made of this. */
  protected get ownApp(): AppPort | null {
    return this.#app;
  }

  #copy(json: SignatureJson): this {
    const copy: unknown = Reflect.construct(this.constructor, [this.#app, json]);
    if (copy instanceof Canvas && isOfClass(copy, this)) return copy;
    throw new TypeError('unreachable: the class makes its own kind');
  }

  async #send(args: readonly unknown[], options: ApplyOptions): Promise<Result> {
    if (isEmptyGroup(this.#json) && !this.#app) return this.#asResult(new GroupResult(NO_APP, uuid(), []));
    const call = partialCall(args, options);
    if (!this.app.conf.task_always_eager) return this.#asResult(await apply(this.app, this.#json, call));
    checkCalls(this.app, this.#json, call);
    return this.#asResult(await applyEagerly(this.app, this.#json, call));
  }

  #asResult(result: AnyResult | null): Result {
    if (isResult<Result>(result)) return result;
    throw new UmbelError('bad_request', 'There is nothing to send: the chain has no steps.');
  }
}

function partialCall(args: readonly unknown[], { kwargs = {}, ...rest }: ApplyOptions): PartialCall {
  return { args, kwargs, options: toWireOptions(rest) };
}

/** Parts of a signature that `replace` exchanges. */
export interface SignatureParts<Args extends readonly unknown[] = readonly unknown[]> {
  readonly args?: Args | undefined;
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: ApplyOptions;
}

function isOfClass<C extends object>(copy: object, original: C): copy is C {
  return copy.constructor === original.constructor;
}

/** A group that was made of an empty list has no tasks, and so no app; nothing needs one. */
const NO_APP: ResultPort = {
  backend: () => Promise.reject(new UmbelError('bad_request', 'An empty group belongs to no app.')),
  revoke: () => Promise.resolve(),
  revokeByStampedHeaders: () => Promise.resolve(),
  resultFromTuple: () => {
    throw new UmbelError('bad_request', 'An empty group belongs to no app.');
  },
};

/** Classes of results follow from the kind of canvas, which the types know; here it is one or none. */
function isResult<Result>(result: unknown): result is Result {
  return result !== null;
}

/** A signature of any making as plain JSON. */
export function jsonOf(canvas: SignatureLike): SignatureJson {
  return canvas instanceof Canvas ? canvas.toJSON() : encodeSignature(canvas);
}

function setImmutable(json: SignatureJson, immutable: boolean): SignatureJson {
  if (isGroup(json)) {
    return withTasks(
      json,
      tasksOf(json).map((member) => setImmutable(member, immutable)),
    );
  }
  if (!isChord(json)) return { ...json, immutable };
  const header = tasksOf(headerOf(json)).map((member) => setImmutable(member, immutable));
  return { ...json, kwargs: { ...json.kwargs, header } };
}
