import type { Celery } from '../../lib/app/celery.ts';
import { tellEnded } from '../../lib/app/successors.ts';
import type { TraceOutcome } from '../../lib/app/trace-outcome.ts';
import { traceTask } from '../../lib/app/tracer.ts';
import { encodeJson } from '../../lib/protocol/json.ts';
import { composeResult } from '../../lib/protocol/result.ts';
import { decodeTaskRequest, type TaskRequest } from '../../lib/protocol/task-message.ts';
import type { Consumer, Delivery } from '../../lib/transport/transport.ts';

/** What a mini worker ran. */
export interface Run {
  readonly request: TaskRequest;
  readonly outcome: TraceOutcome;
}

/** The least that runs tasks: takes messages, traces them, stores results, tells who waits. No events, no limits, ETAs wait in a timer. */
export class MiniWorker {
  readonly runs: Run[] = [];
  readonly events: [type: string, fields: unknown][] = [];
  readonly states: [state: string, meta: unknown][] = [];
  readonly #app: Celery;
  #consumer: Consumer | null = null;

  constructor(app: Celery) {
    this.#app = app;
  }

  async start(queues: readonly string[] = ['celery']): Promise<void> {
    const transport = await this.#app.transport();
    this.#consumer = transport.createConsumer({
      queues: queues.map((name) => ({ name })),
      prefetch: 0,
      onDeliveries: (deliveries) => {
        for (const delivery of deliveries) void this.#run(delivery);
      },
    });
    await this.#consumer.start();
  }

  async stop(): Promise<void> {
    await this.#consumer?.stop();
  }

  async #run(delivery: Delivery): Promise<void> {
    const request = decodeTaskRequest(delivery.message);
    const waitMs = request.eta === null ? 0 : request.eta * 1000 - Date.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const backend = await this.#app.backend();
    const { outcome, handlers } = await traceTask(this.#app, request, {
      hostname: 'mini@host',
      updateState: async (taskId, state, meta) => {
        this.states.push([state, meta]);
        const text = composeResult({ taskId, status: state, resultText: encodeJson(meta) });
        await backend.store({ taskId, text });
      },
      sendEvent: (type, fields) => this.events.push([type, fields]),
    });
    this.runs.push({ request, outcome });
    const { resultText, traceback, children } = outcome;
    if (outcome.state !== 'IGNORED' && outcome.state !== 'REJECTED') {
      const parts = { taskId: request.id, status: outcome.state, resultText, traceback, children };
      await backend.store({
        taskId: request.id,
        text: composeResult({ ...parts, parentId: request.parentId, groupId: request.group }),
      });
    }
    if (outcome.isAwaited) {
      const state = outcome.state === 'SUCCESS' ? 'SUCCESS' : 'FAILURE';
      await tellEnded(this.#app, request, state, resultText ?? 'null', traceback);
    }
    await handlers?.();
    if (outcome.reject) this.#consumer?.reject(delivery.tag, outcome.reject);
    else this.#consumer?.ack(delivery.tag);
  }
}
