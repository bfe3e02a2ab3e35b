import { Celery } from '../app/celery.ts';
import type { Mailbox } from '../control/mailbox.ts';
import { loadApp } from '../worker/load-app.ts';

/** Options that stand before the subcommand, as Celery's. */
export interface GlobalOptions {
  readonly app?: string;
  readonly broker?: string;
  readonly resultBackend?: string;
  readonly quiet?: boolean;
}

/**
 * The app that `-A` names, with `-b` and `--result-backend` laid over its settings; without `-A` a bare one, enough for
 * commands that only talk to the broker.
 */
export async function openApp(options: GlobalOptions): Promise<Celery> {
  const app = options.app ? await loadApp(options.app) : new Celery('umbel');
  if (options.broker) app.conf.broker_url = options.broker;
  if (options.resultBackend) app.conf.result_backend = options.resultBackend;
  return app;
}

/** Runs a command with its app and closes the app's connections afterwards. */
export async function withApp<T>(options: GlobalOptions, run: (app: Celery) => Promise<T>): Promise<T> {
  const app = await openApp(options);
  try {
    return await run(app);
  } finally {
    await app.close();
  }
}

/** The same with a mailbox for remote control. */
export async function withMailbox<T>(
  options: GlobalOptions,
  run: (mailbox: Mailbox) => Promise<T>,
): Promise<T> {
  return withApp(options, async (app) => run(await app.mailbox()));
}
