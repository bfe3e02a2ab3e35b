import type { Celery } from '../app/celery.ts';
import { limitsOf } from '../app/payload-format.ts';
import { tellEnded } from '../app/successors.ts';
import type { ResultBackend } from '../backend/backend.ts';
import { toError } from '../contract/errors.ts';
import { Pidbox } from '../control/pidbox.ts';
import { EventDispatcher } from '../events/dispatcher.ts';
import { serializerNamed } from '../protocol/serializer.ts';
import type { ConnectionState, Transport } from '../transport/transport.ts';
import { makeAdmission } from './admission.ts';
import { Autoscaler } from './autoscaler.ts';
import { obey } from './control/commands.ts';
import { Dispatcher } from './dispatcher.ts';
import { Heartbeat } from './heartbeat.ts';
import type { RequestHost } from './host.ts';
import { Ledger } from './ledger.ts';
import { makePool } from './make-pool.ts';
import { Neighbors } from './neighbors.ts';
import type { WorkerOptions, WorkerSettings } from './options.ts';
import { parkedText } from './parked-text.ts';
import { Patience } from './patience.ts';
import { Reception } from './reception.ts';
import { Results, retryOf } from './results.ts';
import type { Parts } from './shutdown.ts';
import { forgetUnstarted } from './taken-back.ts';
import { TaskEvents } from './task-events.ts';
import { TaskProfiles } from './task-profile.ts';
import { HeapTimer } from './timer/heap-timer.ts';

/** What the parts tell the worker that they belong to. */
export interface WorkerPort {
  /** Seconds since the epoch. */
  readonly startedAt: number;
  onConnection(state: ConnectionState, reason?: string): void;
  /** The worker cannot go on. */
  onFatal(error: Error): void;
  /** Somebody asked for a warm shutdown. */
  stop(): void;
}

/** Makes the parts of a worker and ties them together: the one place that knows them all. Nothing is started. */
export function assemble(
  app: Celery,
  options: WorkerOptions,
  settings: WorkerSettings,
  transport: Transport,
  backend: ResultBackend | null,
  worker: WorkerPort,
): Parts {
  const { hostname } = settings;
  const { logger } = options;
  const limitTimer = new HeapTimer(() => performance.now());
  const events = new EventDispatcher({
    transport,
    hostname,
    clock: app.clock,
    groups: ['worker'],
    serializer: serializerNamed(app.conf.event_serializer),
    exchange: app.conf.event_exchange,
  });
  const results = new Results({
    backend,
    logger,
    retry: retryOf(app.conf),
    onCaughtUp: () => dispatcher.pump(),
  });
  const dispatcher = new Dispatcher(results, limitTimer, logger);
  const host: RequestHost = {
    hostname,
    logger,
    consumer: transport.createConsumer({
      queues: settings.queues,
      prefetch: (settings.autoscale?.max ?? settings.concurrency) * settings.prefetchMultiplier,
      onDeliveries: (deliveries) => {
        reception.receive(deliveries);
        autoscaler?.scale();
      },
      onParked: (reason, queue) => logger.warning(parkedText(queue, reason)),
      onConnection: (state, reason) => worker.onConnection(state, reason),
      onTakenBack: () => forgetUnstarted(host, dispatcher, admission),
      ...(app.conf.worker_disable_prefetch && {
        room: () => (autoscaler?.range.max ?? pool.size) - pool.active - dispatcher.waiting().length,
      }),
    }),
    results,
    events: new TaskEvents(events, settings.taskEvents),
    ledger: new Ledger(),
    signals: app.signals,
    isExtended: app.conf.result_extended,
    tellEnded: (request, state, resultText, traceback = null) =>
      tellEnded(app, request, state, resultText, traceback).catch((error: unknown) =>
        logger.error(`Cannot tell what waits for ${request.id}: ${toError(error).message}`),
      ),
    nowMs: () => host.consumer.nowMs?.() ?? Date.now(),
    onDue: (task) => schedule.onDue(task),
  };
  const profiles = new TaskProfiles(app, options);
  const onRoom = (): void => {
    dispatcher.pump();
    schedule.feed();
    // Without prefetch a message is asked for when somebody is free to run it.
    if (app.conf.worker_disable_prefetch) host.consumer.setPrefetch(host.consumer.prefetch);
  };
  const pool = makePool(
    app,
    settings,
    options,
    { logger, onRoom, onFatal: (error) => worker.onFatal(error) },
    limitTimer,
  );
  dispatcher.attach(pool);
  const fitPrefetch = (): void =>
    host.consumer.setPrefetch((autoscaler?.range.max ?? pool.size) * settings.prefetchMultiplier);
  const autoscaler =
    settings.autoscale &&
    new Autoscaler({
      range: settings.autoscale,
      pool,
      logger,
      quantity: () => host.ledger.active.size + dispatcher.waitingCount,
      onRange: fitPrefetch,
    });
  const admission = makeAdmission({
    app,
    host,
    dispatcher,
    revive: (delivery) => reception.revive(delivery),
    onAdmitted: () => autoscaler?.scale(),
  });
  const { schedule, admit } = admission;
  const reception = new Reception({ app, host, profiles, dispatcher, schedule, admit });
  const heartbeat = new Heartbeat({
    dispatcher: events,
    ledger: host.ledger,
    intervalSeconds: settings.heartbeatIntervalSeconds,
    childPids: () => pool.pids(),
    onSent: () => void app.signals.send('heartbeat_sent', { sender: hostname }),
    describe: () => ({
      pool: settings.pool,
      concurrency: pool.size,
      queues: host.consumer.queues.map(({ name }) => name),
      started_at: worker.startedAt,
    }),
  });
  const neighbors = new Neighbors({ app, settings, transport, host, events, schedule });
  const control = {
    app,
    settings,
    transport,
    host,
    dispatcher,
    pool,
    autoscaler,
    profiles,
    heartbeat,
    schedule,
    revocations: neighbors.revocations,
    elections: neighbors.elections,
    startedAt: worker.startedAt,
    onResized: fitPrefetch,
    shutdown: () => worker.stop(),
  };
  const pidbox = new Pidbox({
    transport,
    hostname,
    clock: app.clock,
    limits: limitsOf(app.conf),
    serializer: serializerNamed(app.conf.task_serializer),
    exchange: app.conf.control_exchange,
    onRequest: (request) => obey(control, request),
    onError: (error) => logger.warning(`Remote control: ${error.message}`),
  });
  return {
    host,
    dispatcher,
    pool,
    autoscaler,
    heartbeat,
    pidbox,
    neighbors,
    events,
    admission,
    limitTimer,
    patience: new Patience(logger),
  };
}
