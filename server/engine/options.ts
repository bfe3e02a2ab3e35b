import { UmbelError } from '../../lib/contract/errors.ts';
import { type Logger, silentLogger } from '../../lib/util/logger.ts';

export interface EngineOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  host?: string;
  /** Port; 0 takes a free one. Default 5556. */
  port?: number;
  /** Where the log is kept; null keeps data in memory only. */
  dataDir: string | null;
  /** Clients must log in with it. Default: none. */
  password?: string | undefined;
  /** A unix socket beside TCP, readable by this user only. Default: none. */
  socketPath?: string | null;
  /** Default: silent. */
  logger?: Logger;
  /**
   * `always`: a write is answered when it is on disk. `everysec`: when the kernel has it, so that a power failure may
   * lose the last second, but the end of the process nothing. Default `always`.
   */
  fsync?: 'always' | 'everysec';
  /** Data beyond this is refused (an estimate of keys and values). Default: no limit. */
  maxMemoryBytes?: number | undefined;
  /** The log is rewritten when it has this size and has doubled. Default 64 MB. */
  rewriteMinBytes?: number | undefined;
}

export interface ResolvedOptions {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string | null;
  readonly password: string | null;
  readonly socketPath: string | null;
  readonly logger: Logger;
  readonly fsync: 'always' | 'everysec';
  readonly maxMemoryBytes: number;
  readonly rewriteMinBytes: number | undefined;
}

/** Fills in the defaults; throws `bad_config` for what makes no sense. */
export function resolveOptions(options: EngineOptions): ResolvedOptions {
  const port = options.port ?? 5556;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UmbelError('bad_config', `The engine's port must be 0 to 65535, not ${port}.`);
  }
  const maxMemoryBytes = options.maxMemoryBytes ?? 0;
  if (!(maxMemoryBytes >= 0)) {
    throw new UmbelError('bad_config', `The engine's memory limit must not be negative: ${maxMemoryBytes}.`);
  }
  return {
    host: options.host ?? '127.0.0.1',
    port,
    dataDir: options.dataDir,
    password: options.password ?? null,
    socketPath: options.socketPath ?? null,
    logger: options.logger ?? silentLogger,
    fsync: options.fsync ?? 'always',
    maxMemoryBytes,
    rewriteMinBytes: options.rewriteMinBytes,
  };
}
