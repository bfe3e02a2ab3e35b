import type { Celery } from '../app/celery.ts';
import type { Config } from '../app/config.ts';
import { currentContext } from '../app/context.ts';
import { type Logger, type LoggerOptions, parseLogLevel } from '../util/logger.ts';
import { redirectStdouts } from '../util/redirect.ts';

/** How the settings want lines of the log; `isTerminal`: colours, when no setting says. */
export function logStyle(
  { worker_log_format: format, worker_task_log_format: taskFormat, worker_log_color: color }: Config,
  isTerminal: boolean,
): Pick<LoggerOptions, 'format' | 'taskFormat' | 'isColored'> {
  return { format, taskFormat, isColored: color ?? isTerminal };
}

/**
 * Lets what is printed in this process go to the log, with the name and id of the task that printed it
 * (`worker_redirect_stdouts`). Returns how to end it.
 */
export function redirectPrints({ conf }: Celery, logger: Logger): () => void {
  if (!conf.worker_redirect_stdouts) return () => {};
  const level = parseLogLevel(conf.worker_redirect_stdouts_level) ?? 'WARNING';
  return redirectStdouts((line) => {
    const context = currentContext();
    const task = context === undefined || context.id === '' ? null : { name: context.task, id: context.id };
    logger.logOf?.(task, level, line);
  });
}
