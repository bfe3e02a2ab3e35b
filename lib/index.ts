/** Umbel: Celery for TypeScript. What this module exports is the public surface of the library. */

export type { AnnotationMap, Annotations, AnnotationValues, Annotator } from './app/annotations.ts';
export type { AnyResult, GetOptions } from './app/any-result.ts';
export type { ApplyOptions, RetryPolicy, SignatureLike } from './app/apply-options.ts';
export { AsyncResult } from './app/async-result.ts';
export { Canvas, type SignatureParts } from './app/canvas/canvas.ts';
export type { StoredCanvas } from './app/canvas/canvas-from.ts';
export { Chain, chain } from './app/canvas/chain.ts';
export { Chord, chord } from './app/canvas/chord.ts';
export { Group, group, type SkewOptions } from './app/canvas/group.ts';
export { GroupResult } from './app/canvas/group-result.ts';
export type { Immutable } from './app/canvas/open-arguments.ts';
export { ResultSet } from './app/canvas/result-set.ts';
export { ImmutableSignature, Signature } from './app/canvas/signature.ts';
export type { StampingVisitor, StampOptions, Stamps } from './app/canvas/stamp.ts';
export type { AnyCanvas, Gives, Open, ResultOf, Takes } from './app/canvas/types.ts';
export { Celery, isCelery } from './app/celery.ts';
export type { CeleryConfig, Config } from './app/config.ts';
export type { TaskContext } from './app/context.ts';
export type { EagerOptions } from './app/eager-options.ts';
export { EagerResult } from './app/eager-result.ts';
export type { BoundTask, RegisteredTask, TaskFunction } from './app/function-task.ts';
export type { QueueFields, QueueItem } from './app/queue-settings.ts';
export { Broadcast } from './app/queues.ts';
export type { Registry } from './app/registry.ts';
export { type Dependency, DependencyGraph } from './app/result-tree.ts';
export type { RetryCallOptions, RetryOptions } from './app/retry-options.ts';
export type { RevokeOptions } from './app/revoke-options.ts';
export type { Route, RouteFunction, RouteTarget } from './app/routes.ts';
export type {
  ListenOptions,
  PublishSignal,
  SignalListener,
  SignalName,
  SignalPayloads,
} from './app/signals.ts';
export { Task, type UpdateStateOptions } from './app/task.ts';
export type { ErrorClass, TaskOptions } from './app/task-options.ts';
export { type ErrorCode, UmbelError } from './contract/errors.ts';
export { type AnyTaskState, TASK_STATES, type TaskState } from './contract/states.ts';
export {
  CeleryError,
  ChordError,
  Ignore,
  IncompleteStream,
  MaxRetriesExceededError,
  NotRegistered,
  Reject,
  RemoteError,
  Retry,
  SoftTimeLimitExceeded,
  TaskRevokedError,
  TimeLimitExceeded,
  TimeoutError,
  WorkerLostError,
} from './protocol/celery-errors.ts';
export type { ResultMeta } from './protocol/result.ts';
export type { Signature as SignatureJson } from './protocol/signature.ts';
export type { ExchangeType, Queue } from './transport/transport.ts';
