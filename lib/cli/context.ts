import type { Celery } from '../app/celery.ts';
import type { CeleryConfig } from '../app/config.ts';
import { UmbelError } from '../contract/errors.ts';
import type { Mailbox } from '../control/mailbox.ts';
import { CliExit, EXIT } from './exit.ts';

/** Options that stand before the subcommand, as Celery's. */
export interface GlobalOptions {
  readonly app?: string;
  readonly broker?: string;
  readonly resultBackend?: string;
  readonly config?: string;
  readonly quiet?: boolean;
}

/**
 * The app that `-A` names, with `--config`, `-b` and `--result-backend` laid over its settings; without `-A` a bare one,
 * enough for commands that only talk to the broker. The library is loaded only here, so that help comes at once.
 */
export async function openApp(options: GlobalOptions): Promise<Celery> {
  const app = options.app ? await loadNamedApp(options.app) : await bareApp();
  app.configure(await overridesOf(options));
  return app;
}

async function bareApp(): Promise<Celery> {
  const { Celery } = await import('../app/celery.ts');
  return new Celery('umbel');
}

/** Settings that the command line changes, also for processes that load the app again. */
export async function overridesOf({ broker, resultBackend, config }: GlobalOptions): Promise<CeleryConfig> {
  return {
    ...(config && (await loadSettings(config))),
    ...(broker && { broker_url: broker }),
    ...(resultBackend && { result_backend: resultBackend }),
  };
}

async function loadNamedApp(spec: string): Promise<Celery> {
  const { loadApp } = await import('../worker/load-app.ts');
  return orUsage(() => loadApp(spec));
}

/** The settings that a module exports: its default export, else all its exports. */
async function loadSettings(module: string): Promise<CeleryConfig> {
  const { loadModule, resolveModule } = await import('../worker/load-module.ts');
  const exports = await orUsage(() => loadModule(resolveModule(module)));
  const { broker, backend, ...settings }: CeleryConfig = { ...Object(exports['default'] ?? exports) };
  return {
    ...settings,
    ...(broker !== undefined && { broker_url: broker }),
    ...(backend !== undefined && { result_backend: backend }),
  };
}

/** Exit 2, as Celery, when a module does not load. */
export async function orUsage<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
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
  } catch (error) {
    throw await withHint(error);
  } finally {
    await app.close();
  }
}

async function withHint(error: unknown): Promise<unknown> {
  if (!(error instanceof UmbelError)) return error;
  const { engineHint } = await import('../worker/engine-hint.ts');
  const hint = engineHint(error);
  return hint === '' ? error : new UmbelError(error.code, error.message + hint, { cause: error });
}

/** The same with a mailbox for remote control. */
export async function withMailbox<T>(
  options: GlobalOptions,
  run: (mailbox: Mailbox) => Promise<T>,
): Promise<T> {
  return withApp(options, async (app) => run(await app.mailbox()));
}
