import { isIP } from 'node:net';
import { z } from 'zod';
import { UmbelError } from '../lib/contract/errors.ts';
import { maskUrl } from '../lib/util/mask.ts';
import type { BrokerOptions, ResultOptions } from './collector/cluster-link.ts';

/** Where the broker is when none is named: the embedded engine. */
const EMBEDDED_BROKER = (port: number): string => `redis://127.0.0.1:${port}/0`;
const EMBEDDED_BACKEND = (port: number): string => `redis://127.0.0.1:${port}/1`;

/** Options of the dashboard. What is absent is taken from the environment, then from the defaults. */
export interface DashboardOptions {
  /** Broker URL (`FLOWER_BROKER`, `CELERY_BROKER_URL`). Default: the embedded engine. */
  readonly broker?: string | undefined;
  /** How to reach it: what an app's settings say. Default: as Celery's defaults. */
  readonly brokerOptions?: BrokerOptions | undefined;
  /**
   * RabbitMQ's management API (`FLOWER_BROKER_API`), which knows every queue: `http://guest:guest@localhost:15672/api/`.
   * Default none: then queues are those that workers and tasks name.
   */
  readonly brokerApi?: string | undefined;
  /** Result store (`CELERY_RESULT_BACKEND`). Default: the embedded engine's, or the broker when it is a Redis. */
  readonly resultBackend?: string | undefined;
  /** How to reach it: what an app's settings say. Default: as Celery's defaults. */
  readonly backendOptions?: ResultOptions | undefined;
  /** Names of the app's queues: they are shown whether or not anybody consumes them. Default none. */
  readonly queues?: readonly string[] | undefined;
  /** `FLOWER_PORT`. Default 5555; 0 for any free one. */
  readonly port?: number | undefined;
  /** `FLOWER_ADDRESS`. Default 127.0.0.1. */
  readonly address?: string | undefined;
  /** `FLOWER_URL_PREFIX`. Default none. */
  readonly urlPrefix?: string | undefined;
  /** Port of the embedded engine (`UMBEL_ENGINE_PORT`). Default 5556. */
  readonly enginePort?: number | undefined;
  /** Directory of the history and of the engine's log (`UMBEL_DATA`). Default `.umbel`. */
  readonly data?: string | undefined;
  /** Keep nothing on disk. */
  readonly memoryOnly?: boolean | undefined;
  /** Tasks kept in the history (`FLOWER_MAX_TASKS`). Default 1,000,000 on disk, 100,000 in memory. */
  readonly maxTasks?: number | undefined;
  /** Days that tasks are kept (`UMBEL_MAX_DAYS`). Default 7. */
  readonly maxDays?: number | undefined;
  /** Refuse every change (`FLOWER_READ_ONLY`). */
  readonly readOnly?: boolean | undefined;
  /** Serve another address than this machine's own without a login (`FLOWER_UNAUTHENTICATED_API`). */
  readonly unauthenticated?: boolean | undefined;
  /** Host names by which a reverse proxy reaches the dashboard (`UMBEL_ALLOWED_HOSTS`, with commas). */
  readonly allowedHosts?: readonly string[] | undefined;
}

/** The options in force. */
export interface DashboardConfig {
  readonly broker: string;
  readonly brokerOptions: BrokerOptions;
  /** null: there is none, or none that another process can read (`rpc://`). */
  readonly resultBackend: string | null;
  readonly backendOptions: ResultOptions;
  readonly queues: readonly string[];
  /** The broker is our own engine, to be started. */
  readonly isEmbedded: boolean;
  readonly port: number;
  readonly address: string;
  readonly urlPrefix: string;
  readonly enginePort: number;
  readonly data: string;
  readonly memoryOnly: boolean;
  readonly maxTasks: number;
  readonly maxDays: number;
  readonly readOnly: boolean;
  readonly allowedHosts: readonly string[];
}

const port = z.coerce.number().int().min(0).max(65_535);
const url = z.string().regex(/^[a-z][a-z0-9+.-]*:\/\/./i);
const flag = z.union([z.boolean(), z.string().transform((text) => /^(1|true|yes|on|t|y)$/i.test(text))]);
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) => text.split(',').map((item) => item.trim())),
]);

const schema = z.object({
  broker: url.optional(),
  brokerApi: z
    .string()
    .regex(/^https?:\/\/./i)
    .optional(),
  resultBackend: z.string().optional(),
  port: port.default(5555),
  address: z.string().min(1).default('127.0.0.1'),
  urlPrefix: z
    .string()
    .regex(/^[\w./~-]*$/)
    .default(''),
  enginePort: port.default(5556),
  data: z.string().min(1).default('.umbel'),
  memoryOnly: flag.default(false),
  maxTasks: z.coerce.number().int().min(1).max(100_000_000).optional(),
  maxDays: z.coerce.number().min(0.01).max(3650).default(7),
  readOnly: flag.default(false),
  unauthenticated: flag.default(false),
  allowedHosts: list.default([]),
});

type Environment = Readonly<Record<string, string | undefined>>;

const HINTS: Readonly<Record<string, string>> = {
  broker: 'a URL such as redis://localhost:6379/0',
  brokerApi: 'a URL such as http://guest:guest@localhost:15672/api/',
  address: 'an address such as 127.0.0.1',
  data: 'a folder',
  allowedHosts: 'names with commas between them',
  port: 'a port from 0 to 65535',
  enginePort: 'a port from 0 to 65535',
  urlPrefix: 'a path such as flower or tools/flower',
  maxTasks: 'a whole number of tasks, at least 1',
  maxDays: 'a number of days',
};

/** Puts options, environment and defaults together; a bad value is refused with its name before anything starts. */
export function resolveConfig(
  { brokerOptions = {}, backendOptions = {}, queues = [], ...options }: DashboardOptions,
  env: Environment,
): DashboardConfig {
  const parsed = schema.safeParse({ ...fromEnvironment(env), ...withoutUndefined(options) });
  if (!parsed.success) {
    const name = String(parsed.error.issues[0]?.path[0] ?? 'option');
    throw new UmbelError(
      'bad_config',
      `Bad value for ${optionOf(name)}: it must be ${HINTS[name] ?? 'of another kind'}.`,
    );
  }
  const { broker, brokerApi, urlPrefix, unauthenticated, ...config } = parsed.data;
  checkAddress(config.address, unauthenticated);
  const isEmbedded = broker === undefined;
  return {
    ...config,
    isEmbedded,
    broker: broker ?? EMBEDDED_BROKER(config.enginePort),
    brokerOptions: { ...brokerOptions, managementUrl: brokerApi ?? brokerOptions.managementUrl ?? null },
    resultBackend: readable(config.resultBackend ?? defaultBackend(broker, config.enginePort)),
    backendOptions,
    queues,
    urlPrefix: normalPrefix(urlPrefix),
    maxTasks: config.maxTasks ?? (config.memoryOnly ? 100_000 : 1_000_000),
  };
}

/** `maxTasks` is `--max-tasks` to a user, also where a variable has set it. */
function optionOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** For the log: what it will do, without secrets. */
export function describeConfig({ broker, isEmbedded, data, memoryOnly }: DashboardConfig): string {
  const where = memoryOnly ? 'nothing is kept on disk' : `data in ${data}`;
  return `${isEmbedded ? 'embedded engine' : 'broker'} ${maskUrl(broker)}, ${where}`;
}

function fromEnvironment(env: Environment): object {
  return withoutUndefined({
    broker: env['FLOWER_BROKER'] || env['CELERY_BROKER_URL'] || undefined,
    brokerApi: env['FLOWER_BROKER_API'] || undefined,
    resultBackend: env['CELERY_RESULT_BACKEND'] || undefined,
    port: env['FLOWER_PORT'] || undefined,
    address: env['FLOWER_ADDRESS'] || undefined,
    urlPrefix: env['FLOWER_URL_PREFIX'] || undefined,
    enginePort: env['UMBEL_ENGINE_PORT'] || undefined,
    data: env['UMBEL_DATA'] || undefined,
    maxTasks: env['FLOWER_MAX_TASKS'] || undefined,
    maxDays: env['UMBEL_MAX_DAYS'] || undefined,
    readOnly: env['FLOWER_READ_ONLY'] || undefined,
    unauthenticated: env['FLOWER_UNAUTHENTICATED_API'] || undefined,
    allowedHosts: env['UMBEL_ALLOWED_HOSTS'] || undefined,
  });
}

function withoutUndefined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function checkAddress(address: string, isOpenOnPurpose: boolean): void {
  const isLocal =
    address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
  if (isLocal || isOpenOnPurpose) return;
  throw new UmbelError(
    'bad_config',
    `There is no login yet, so ${address} would open the dashboard to everybody who can reach it.\n` +
      'Listen on 127.0.0.1 behind a proxy with a login, or add --unauthenticated if that is what you want.',
  );
}

function defaultBackend(broker: string | undefined, enginePort: number): string | null {
  if (broker === undefined) return EMBEDDED_BACKEND(enginePort);
  return /^(rediss?|redis\+socket|unix):\/\//i.test(broker) ? broker : null;
}

/** Results that only their sender gets, or that stay in its memory, cannot be shown. */
function readable(backend: string | null): string | null {
  return backend !== null && /^(rpc|cache\+memory):/i.test(backend) ? null : backend;
}

/** `flower/`, `/flower` → `/flower`; nothing and `/` → ''. */
function normalPrefix(prefix: string): string {
  const path = prefix.replace(/^\/+|\/+$/g, '');
  return path === '' ? '' : `/${path}`;
}
