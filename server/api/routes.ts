import type { Route } from '../http/router.ts';
import { abort } from './abort.ts';
import { apply, asyncApply, sendTask } from './apply.ts';
import type { ApiContext } from './context.ts';
import { queuesLength } from './queues-length.ts';
import { revoke } from './revoke.ts';
import { taskInfo } from './task-info.ts';
import { rateLimit, timeLimit } from './task-limits.ts';
import { taskResult } from './task-result.ts';
import { taskTypes } from './task-types.ts';
import { tasks } from './tasks.ts';
import { purge } from './v1/purge.ts';
import { retry } from './v1/retry.ts';
import { status } from './v1/status.ts';
import { tasksPage } from './v1/tasks.ts';
import {
  addConsumer,
  cancelConsumer,
  poolAutoscale,
  poolGrow,
  poolRestart,
  poolShrink,
  shutdown,
} from './worker-pool.ts';
import { workers } from './workers.ts';

/** Every path of the API. Those outside `/api/v1/` are Flower's. */
export const ROUTES: readonly Route<ApiContext>[] = [
  { method: 'GET', path: '/api/tasks', handler: tasks },
  { method: 'GET', path: '/api/task/types', handler: taskTypes },
  { method: 'GET', path: '/api/task/info/:id', handler: taskInfo },
  { method: 'GET', path: '/api/task/result/:id', handler: taskResult },
  { method: 'GET', path: '/api/workers', handler: workers },
  { method: 'GET', path: '/api/queues/length', handler: queuesLength },
  { method: 'POST', path: '/api/task/revoke/:id', handler: revoke },
  { method: 'POST', path: '/api/task/abort/:id', handler: abort },
  { method: 'POST', path: '/api/task/apply/:name', handler: apply },
  { method: 'POST', path: '/api/task/async-apply/:name', handler: asyncApply },
  { method: 'POST', path: '/api/task/send-task/:name', handler: sendTask },
  { method: 'POST', path: '/api/task/timeout/:name', handler: timeLimit },
  { method: 'POST', path: '/api/task/rate-limit/:name', handler: rateLimit },
  { method: 'POST', path: '/api/worker/shutdown/:worker', handler: shutdown },
  { method: 'POST', path: '/api/worker/pool/grow/:worker', handler: poolGrow },
  { method: 'POST', path: '/api/worker/pool/shrink/:worker', handler: poolShrink },
  { method: 'POST', path: '/api/worker/pool/restart/:worker', handler: poolRestart },
  { method: 'POST', path: '/api/worker/pool/autoscale/:worker', handler: poolAutoscale },
  { method: 'POST', path: '/api/worker/queue/add-consumer/:worker', handler: addConsumer },
  { method: 'POST', path: '/api/worker/queue/cancel-consumer/:worker', handler: cancelConsumer },
  { method: 'GET', path: '/api/v1/status', handler: status },
  { method: 'GET', path: '/api/v1/tasks', handler: tasksPage },
  { method: 'POST', path: '/api/v1/tasks/:id/retry', handler: retry },
  { method: 'POST', path: '/api/v1/queues/:queue/purge', handler: purge },
];
