import { parentPort, workerData } from 'node:worker_threads';
import { toError, UmbelError } from '../../lib/contract/errors.ts';
import type { Logger, LogLevel } from '../../lib/util/logger.ts';
import { Engine } from './engine.ts';
import type { EngineOptions } from './options.ts';

/*
 * Entry of the engine's own thread, so that a heavy page never delays a queue. `EngineHost` starts it with the options
 * and sends `stop`; it answers with the messages below.
 */

export type ThreadMessage =
  | { readonly kind: 'started'; readonly port: number; readonly url: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  | { readonly kind: 'stopped' };

function post(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

function forwardingLogger(): Logger {
  const log = (level: LogLevel) => (message: string) => post({ kind: 'log', level, message });
  return {
    debug: log('DEBUG'),
    info: log('INFO'),
    warning: log('WARNING'),
    error: log('ERROR'),
    critical: log('CRITICAL'),
    isEnabled: () => true,
  };
}

async function run(options: EngineOptions): Promise<void> {
  const engine = new Engine({ ...options, logger: forwardingLogger() });
  try {
    await engine.start();
  } catch (thrown) {
    const error = toError(thrown);
    post({
      kind: 'failed',
      code: error instanceof UmbelError ? error.code : 'internal',
      message: error.message,
    });
    parentPort?.close();
    return;
  }
  post({ kind: 'started', port: engine.port, url: engine.url });
  parentPort?.once('message', async () => {
    await engine.stop();
    post({ kind: 'stopped' });
    parentPort?.close();
  });
}

// Only EngineHost starts this file, with the options as they were given to it.
void run(workerData);
