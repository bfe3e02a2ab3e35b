import { Celery } from '../app/celery.ts';
import type { Config } from '../app/config.ts';
import { UmbelError } from '../contract/errors.ts';
import type { Mailbox } from '../control/mailbox.ts';
import { loadApp } from '../worker/load-app.ts';
import { CliExit, EXIT } from './exit.ts';

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
  const app = options.app ? await loadNamedApp(options.app) : new Celery('umbel');
  app.configure(overridesOf(options));
  return app;
}

/** Settings that the command line changes, also for processes that load the app again. */
export function overridesOf({ broker, resultBackend }: GlobalOptions): Partial<Config> {
  return {
    ...(broker && { broker_url: broker }),
    ...(resultBackend && { result_backend: resultBackend }),
  };
}

/** Exit 2, as Celery, when the module does not load. */
async function loadNamedApp(spec: string): Promise<Celery> {
  try {
    return await loadApp(spec);
  } catch (error) {
    if (error instanceof UmbelError && error.code === 'bad_config') {
      throw new CliExit(EXIT.usage, `Error: ${error.message}`);
    }
    throw error;
  }
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
