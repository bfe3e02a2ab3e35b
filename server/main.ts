import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createLogger, type Logger } from '../lib/util/logger.ts';
import type { Service } from '../lib/util/service.ts';
import type { ApiContext } from './api/context.ts';
import { ControlDesk } from './api/control-desk.ts';
import { ROUTES } from './api/routes.ts';
import { TaskSender } from './api/task-sender.ts';
import { Collector } from './collector/collector.ts';
import { openHistory } from './collector/history/open.ts';
import { type DashboardConfig, type DashboardOptions, describeConfig, resolveConfig } from './config.ts';
import { DirectoryLock } from './directory-lock.ts';
import { EngineHost } from './engine/host.ts';
import { Guard } from './http/guard.ts';
import { Router } from './http/router.ts';
import { HttpServer } from './http/server.ts';
import { StaticFiles } from './http/static-files.ts';
import { Gateway } from './live/gateway.ts';

export type { DashboardOptions } from './config.ts';

export interface DashboardParts {
  /** Default: warnings to standard error. */
  readonly logger?: Logger;
  /** The environment that fills in absent options. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the exported pages are. Default: `dist/web` of the package. */
  readonly webRoot?: string;
}

/** True when this file runs from `dist/`, beside the compiled rest. */
const IS_COMPILED = import.meta.url.endsWith('.js');

/**
 * The dashboard process, composed: embedded engine (when no broker is named), history, collector, HTTP and live layer.
 * `start` returns when pages are served; a broker that is down is tried again and told on every page. `stop` ends all
 * of it in reverse.
 */
export class Dashboard implements Service {
  readonly config: DashboardConfig;
  readonly #logger: Logger;
  readonly #engine: EngineHost | null;
  /** Two dashboards would write into one history. */
  readonly #lock: DirectoryLock | null;
  /** What it knows of the cluster. */
  readonly collector: Collector;
  readonly #http: HttpServer<ApiContext>;
  readonly #gateway: Gateway;
  #running: Service[] = [];

  /** Throws `bad_config` for options that make no sense. */
  constructor(options: DashboardOptions = {}, parts: DashboardParts = {}) {
    const config = resolveConfig(options, parts.env ?? process.env);
    const logger = parts.logger ?? createLogger();
    this.config = config;
    this.#logger = logger;
    this.#lock = config.memoryOnly ? null : new DirectoryLock(config.data, 'dashboard');
    this.#engine = config.isEmbedded
      ? new EngineHost({
          port: config.enginePort,
          dataDir: config.memoryOnly ? null : join(config.data, 'engine'),
          logger,
          onExit: (reason) =>
            logger.critical(`The embedded engine ended: ${reason}. Start again; its data is safe.`),
        })
      : null;
    this.collector = new Collector({
      brokerUrl: config.broker,
      brokerOptions: config.brokerOptions,
      backendUrl: config.resultBackend,
      backendOptions: config.backendOptions,
      queues: config.queues,
      history: openHistory(config.memoryOnly ? ':memory:' : join(config.data, 'history.db'), IS_COMPILED),
      maxTasks: config.maxTasks,
      maxDays: config.maxDays,
      logger,
    });
    const guard = new Guard(config);
    const version = packageVersion();
    const shared = { collector: this.collector, version, isReadOnly: config.readOnly };
    this.#http = new HttpServer({
      address: config.address,
      port: config.port,
      prefix: config.urlPrefix,
      guard,
      router: new Router(ROUTES),
      context: {
        ...shared,
        desk: new ControlDesk(this.collector, logger),
        sender: new TaskSender(this.collector),
      },
      files: new StaticFiles(parts.webRoot ?? defaultWebRoot(), {
        prefix: config.urlPrefix,
        version,
        isReadOnly: config.readOnly,
      }),
      isReadOnly: config.readOnly,
      logger,
    });
    this.#gateway = new Gateway({
      context: shared,
      http: this.#http.server,
      prefix: config.urlPrefix,
      isAllowed: (request) => guard.isTrusted(request),
      logger,
    });
  }

  async start(): Promise<void> {
    if (this.#running.length > 0) return;
    this.#logger.info(`Starting: ${describeConfig(this.config)}.`);
    this.#lock?.acquire();
    const parts = [...(this.#engine ? [this.#engine] : []), this.collector, this.#gateway, this.#http];
    const running: Service[] = [];
    this.#running = running;
    try {
      for (const part of parts) {
        running.unshift(part);
        await part.start();
        // Told to stop meanwhile: this part may have come up after it was stopped.
        if (this.#running !== running) {
          await part.stop();
          return;
        }
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = [];
    for (const part of running) await part.stop();
    this.#lock?.release();
  }

  /** Where pages are served: `http://localhost:5555/`. */
  get url(): string {
    const { address, urlPrefix } = this.config;
    const host = address === '127.0.0.1' || address === '0.0.0.0' || address === '::' ? 'localhost' : address;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#http.port}${urlPrefix}/`;
  }

  /** For workers and clients; may hold a password. */
  get brokerUrl(): string {
    return this.config.broker;
  }

  get backendUrl(): string | null {
    return this.config.resultBackend;
  }
}

function defaultWebRoot(): string {
  return fileURLToPath(new URL(IS_COMPILED ? '../web' : '../dist/web', import.meta.url));
}

function packageVersion(): string {
  const path = new URL(IS_COMPILED ? '../../package.json' : '../package.json', import.meta.url);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, 'utf8'))).version;
}
