import type { Celery } from '../app/celery.ts';
import { toError } from '../contract/errors.ts';
import type { ConnectionState } from '../transport/transport.ts';
import { nowSeconds } from '../util/clock.ts';
import { maskUrl } from '../util/mask.ts';
import type { Service } from '../util/service.ts';
import { assemble } from './assemble.ts';
import { BrokerPatience } from './broker-patience.ts';
import { connectBackend, connectBroker } from './connect.ts';
import { nodeName } from './names.ts';
import { resolveWorker, type WorkerOptions, type WorkerSettings } from './options.ts';
import { runningReport } from './running-report.ts';
import { cancelLateAcks, cutOffRunning, type Parts, runningEnded, stopTaking, takeDown } from './shutdown.ts';

export type ShutdownKind = 'warm' | 'soft' | 'cold';

/**
 * A worker: takes messages from queues, runs their tasks in a pool, stores results, tells what happens, and obeys remote
 * control. `start` returns when it takes tasks; `done` resolves with the exit code when it has ended, however that came.
 */
export class Worker implements Service {
  readonly settings: WorkerSettings;
  /** Exit code: 0, or 1 when it was told so or could not go on. */
  readonly done: Promise<number>;
  readonly #app: Celery;
  readonly #options: WorkerOptions;
  readonly #startedAt = nowSeconds();
  readonly #abort = new AbortController();
  readonly #brokerPatience: BrokerPatience;
  #parts: Parts | null = null;
  #starting: Promise<void> | null = null;
  #ending: Promise<void> | null = null;
  #isCold = false;
  #deadline: NodeJS.Timeout | null = null;
  #isReady = false;
  #exitCode = 0;
  #fatal: Error | null = null;
  #finish: (code: number) => void = () => {};

  constructor(app: Celery, options: WorkerOptions) {
    this.#app = app;
    this.#options = options;
    this.#brokerPatience = new BrokerPatience(app.conf, (why) => this.#onFatal(why));
    const sender = nodeName(options.hostname ?? null);
    void app.signals.send('celeryd_init', { sender, conf: app.conf });
    this.settings = resolveWorker(app, options);
    void app.signals.send('celeryd_after_setup', { sender, conf: app.conf });
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  start(): Promise<void> {
    this.#starting ??= this.#begin().catch((error: unknown) => {
      // Told to stop while it starts: what it was about to do is no failure.
      if (!this.#abort.signal.aborted) throw error;
    });
    return this.#starting;
  }

  async #begin(): Promise<void> {
    const { logger } = this.#options;
    const sender = this.settings.hostname;
    await this.#app.signals.send('worker_init', { sender });
    const transport = await connectBroker(this.#app, logger, this.#abort.signal);
    const backend = await connectBackend(this.#app, logger, this.#abort.signal);
    logger.info(`Connected to ${transport.displayUrl}`);
    if (Object.keys(this.#app.conf.beat_schedule).length > 0) {
      logger.warning('beat_schedule is set, but there is no beat yet: run celery beat beside the worker.');
    }
    const parts = assemble(this.#app, this.#options, this.settings, transport, backend, {
      startedAt: this.#startedAt,
      onConnection: (state, reason) => this.#onConnection(state, reason),
      onFatal: (error) => this.#onFatal(error),
      stop: () => void this.stop(),
    });
    this.#parts = parts;
    await Promise.all([parts.pool.start(), parts.neighbors.start()]);
    if (this.#fatal !== null) {
      await takeDown(parts);
      await this.#app.close();
      throw this.#fatal;
    }
    if (this.#abort.signal.aborted) return;
    if (this.#app.conf.worker_enable_remote_control) await parts.pidbox.start();
    await parts.neighbors.listen();
    await parts.host.consumer.start();
    await parts.heartbeat.start();
    await parts.autoscaler?.start();
    this.#isReady = true;
    logger.info(`${sender} ready.`);
    await this.#app.signals.send('worker_ready', { sender });
    // The broker may have gone, or the pool, while the last of it started.
    if (this.#fatal !== null) void this.shutdown('warm', 1);
  }

  /** Warm: running tasks end first. */
  stop(): Promise<void> {
    return this.shutdown('warm', 0);
  }

  /**
   * Warm: takes nothing more, lets running tasks end. Soft: the same for `worker_soft_shutdown_timeout` seconds, then
   * cold. Cold, also while another one waits: ends them. The exit code is that of the first call.
   */
  shutdown(kind: ShutdownKind, exitCode: number): Promise<void> {
    if (this.#ending === null) {
      this.#exitCode = exitCode;
      const sender = this.settings.hostname;
      void this.#app.signals.send('worker_shutting_down', {
        sender,
        how: kind === 'warm' ? 'warm' : 'cold',
        exitcode: exitCode,
      });
    }
    this.#abort.abort();
    if (kind === 'soft') this.#setDeadline();
    if (kind === 'cold' && !this.#isCold) {
      this.#isCold = true;
      if (this.#ending !== null && this.#parts !== null) void cutOffRunning(this.#parts);
    }
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Logs what runs. */
  reportRunning(): void {
    const text =
      this.#parts === null ? 'The worker is still starting.' : runningReport(this.#parts, this.settings);
    this.#options.logger.warning(text);
  }

  /**
   * Unlike Celery's, a soft shutdown ends as soon as the last task has, not when its time is over: an idle worker has
   * nothing to wait for, whatever `worker_enable_soft_shutdown_on_idle` says.
   */
  #setDeadline(): void {
    const { softShutdownSeconds: seconds } = this.settings;
    const isIdle = (this.#parts?.host.ledger.active.size ?? 0) === 0;
    if (this.#deadline !== null || isIdle) return;
    this.#options.logger.warning(`Initiating Soft Shutdown, terminating in ${seconds} seconds`);
    this.#deadline = setTimeout(() => void this.shutdown('cold', 0), seconds * 1000);
  }

  async #end(): Promise<void> {
    this.#brokerPatience.end();
    await this.#starting?.catch(() => {});
    const parts = this.#parts;
    if (parts !== null) {
      await stopTaking(parts);
      if (this.#isCold) await cutOffRunning(parts);
      await runningEnded(parts);
      if (this.#deadline !== null) clearTimeout(this.#deadline);
      await takeDown(parts);
    }
    await this.#app.signals.send('worker_shutdown', { sender: this.settings.hostname });
    await (parts?.patience.for(this.#app.close()) ?? this.#app.close());
    this.#finish(this.#exitCode);
  }

  #onConnection(state: ConnectionState, reason?: string): void {
    const { logger } = this.#options;
    if (state === 'restored') {
      this.#brokerPatience.end();
      logger.info(`Connected to ${maskUrl(this.#app.conf.broker_url)}`);
      return;
    }
    const why = reason === undefined ? '' : ` (${reason})`;
    const { conf } = this.#app;
    const isRetried = state === 'interrupted' || conf.broker_connection_retry;
    const next = isRetried ? ' Trying to re-establish the connection...' : '';
    logger.warning(`consumer: Connection to broker lost${why}.${next}\nRunning tasks go on.`);
    if (conf.worker_cancel_long_running_tasks_on_connection_loss && this.#parts !== null) {
      cancelLateAcks(this.#parts);
    }
    if (state === 'lost' && !this.#abort.signal.aborted) this.#brokerPatience.lost();
  }

  #onFatal(error: Error): void {
    this.#fatal = toError(error);
    this.#options.logger.critical(error.message);
    // While starting, `start` throws it.
    if (this.#isReady) void this.shutdown('warm', 1);
  }
}
