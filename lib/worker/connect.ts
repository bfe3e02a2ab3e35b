import type { Celery } from '../app/celery.ts';
import type { ResultBackend } from '../backend/backend.ts';
import { toError, UmbelError } from '../contract/errors.ts';
import type { Transport } from '../transport/transport.ts';
import type { Logger } from '../util/logger.ts';
import { maskUrl } from '../util/mask.ts';
import { retryLimit, waitSeconds } from './broker-patience.ts';
import { engineHint } from './engine-hint.ts';

/** Opens the broker, and tries again while it is away as the settings say, with Celery's words and waits. */
export function connectBroker(app: Celery, logger: Logger, signal: AbortSignal): Promise<Transport> {
  return insist(() => app.transport(), app, 'consumer', app.conf.broker_url, logger, signal);
}

/** The result backend in the same way; null when results are not kept. */
export async function connectBackend(
  app: Celery,
  logger: Logger,
  signal: AbortSignal,
): Promise<ResultBackend | null> {
  const { backendUrl } = app;
  if (backendUrl === null || backendUrl.startsWith('disabled')) return null;
  return insist(() => app.backend(), app, 'results', backendUrl, logger, signal);
}

async function insist<T>(
  open: () => Promise<T>,
  { conf }: Celery,
  who: string,
  url: string,
  logger: Logger,
  signal: AbortSignal,
): Promise<T> {
  const isPatient = conf.broker_connection_retry_on_startup ?? conf.broker_connection_retry;
  const limit = retryLimit(conf);
  const tries = limit === Number.POSITIVE_INFINITY ? '∞' : limit;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      const isAway =
        error instanceof UmbelError && (error.code === 'unavailable' || error.code === 'timeout');
      if (!isAway || !isPatient || attempt > limit || signal.aborted) throw error;
      const seconds = waitSeconds(attempt);
      logger.error(
        `${who}: Cannot connect to ${maskUrl(url)}: ${reasonOf(error)}.${attempt === 1 ? engineHint(error) : ''}\n` +
          `Trying again in ${seconds.toFixed(2)} seconds... (${attempt}/${tries})`,
      );
      await sleep(seconds * 1000, signal);
    }
  }
}

/** The innermost reason, without the URL that the line names already. */
function reasonOf(error: UmbelError): string {
  return (error.cause === undefined ? error.message : toError(error.cause).message).replace(/\.$/, '');
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timeout = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timeout);
        resolve();
      },
      { once: true },
    );
  });
}
