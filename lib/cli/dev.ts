import { dirname } from 'node:path';
import type { Command } from 'commander';
import { splitSpec } from '../worker/load-app.ts';
import { resolveModule } from '../worker/load-module.ts';
import { Companion, type CompanionEnd } from './companion.ts';
import type { GlobalOptions } from './context.ts';
import { addDashboardOptions, type DashboardCliOptions, dashboardOptions } from './dashboard-options.ts';
import { DevWorker } from './dev-worker.ts';
import { CliExit, EXIT } from './exit.ts';
import { brokerOf, makeDashboard, welcome } from './flower.ts';
import { say } from './output.ts';
import { SourceWatch } from './source-watch.ts';
import { stopInTime } from './stop-in-time.ts';
import { onEndSignal } from './until-signal.ts';

interface DevOptions extends DashboardCliOptions {
  readonly concurrency?: string;
  readonly pool?: string;
  readonly queues?: string;
  readonly with?: readonly string[];
  readonly reload: boolean;
}

/** `umbel -A tasks dev`: dashboard, engine and a worker at once, for the first minutes and for developing. */
export function registerDev(program: Command): void {
  const command = program
    .command('dev')
    .description(
      'Dashboard, embedded engine and a worker at once; the worker starts again when a source file changes. Ctrl-C ' +
        'stops all of them and loses nothing.',
    )
    .option('-c, --concurrency <n>', 'the worker: tasks at once')
    .option('-P, --pool <pool>', 'the worker: prefork, threads, async or solo')
    .option('-Q, --queues <names>', 'the worker: comma-separated queues')
    .option('--no-reload', 'do not watch the source files')
    .option('--with <file>', 'run this file beside, such as one that sends tasks', collect)
    .addHelpText('after', '\nExample: umbel -A tasks dev -c 4');
  addDashboardOptions(command, 'INFO').action(async (options: DevOptions) => {
    process.exitCode = await runDev(program.opts<GlobalOptions>(), options);
  });
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

async function runDev(globals: GlobalOptions, options: DevOptions): Promise<number> {
  if (!globals.app) {
    throw new CliExit(EXIT.usage, 'Error: dev needs an app: umbel -A tasks dev (tasks.ts exports it).');
  }
  const { concurrency, pool, queues, with: beside = [], reload, ...dashboardPart } = options;
  const broker = await brokerOf(globals);
  const dashboard = await makeDashboard({ ...broker, ...dashboardOptions(dashboardPart) }, 'WARNING');
  await dashboard.start();
  if (!globals.quiet) say(welcome(dashboard));
  const env = {
    CELERY_BROKER_URL: dashboard.brokerUrl,
    CELERY_RESULT_BACKEND: dashboard.backendUrl ?? undefined,
  };
  const flags = [
    ...(concurrency ? ['-c', concurrency] : []),
    ...(pool ? ['-P', pool] : []),
    ...(queues ? ['-Q', queues] : []),
  ];
  const start = ['-q', '-A', globals.app, ...globalFlags(globals)];
  const worker = new DevWorker({
    start: [...start, 'worker', '-E', '-l', options.loglevel, ...flags],
    check: [...start, 'report'],
    env,
  });
  const others = beside.map((file) => new Companion(['run', file], env));
  const sources = reload
    ? new SourceWatch(sourceFolder(globals.app), (path) => void worker.reload(path))
    : null;
  const { end, wasAsked } = await untilEnd(worker, others);
  sources?.stop();
  await stopInTime(dashboard);
  if (wasAsked) return EXIT.ok;
  throw new CliExit(EXIT.failure, `Error: ${describeEnd(end)}`);
}

/** The folder where the command was typed, or that of the app when it is elsewhere. */
function sourceFolder(app: string): string {
  const here = process.cwd();
  const file = resolveModule(splitSpec(app).module);
  return file.startsWith(here) ? here : dirname(file);
}

function describeEnd({ code, signal }: CompanionEnd): string {
  return signal === null
    ? `The worker has ended with exit code ${code}; its log says why.`
    : `The worker was ended by signal ${signal}.`;
}

function globalFlags({ broker, resultBackend, config }: GlobalOptions): string[] {
  return [
    ...(broker ? ['-b', broker] : []),
    ...(resultBackend ? ['--result-backend', resultBackend] : []),
    ...(config ? ['--config', config] : []),
  ];
}

/** What the worker gets for each Ctrl-C. */
const SEVERITY = ['SIGTERM', 'SIGQUIT', 'SIGKILL'] as const;

/**
 * Until the worker has ended: by itself, which is a failure, or because we were told to stop. The senders go first and
 * the worker while the engine still runs, so that nothing is lost. A second Ctrl-C ends its running tasks, a third it;
 * once it has ended, another one ends all at once.
 */
async function untilEnd(
  worker: DevWorker,
  others: readonly Companion[],
): Promise<{ end: CompanionEnd; wasAsked: boolean }> {
  let asked = 0;
  let hasEnded = false;
  // It listens until the process ends, also while the rest is being stopped.
  onEndSignal(() => {
    asked += 1;
    for (const other of others) other.signal(asked === 1 ? 'SIGTERM' : 'SIGKILL');
    if (hasEnded) {
      if (asked > 1) process.exit(EXIT.failure);
      return;
    }
    if (asked === 1) say('\nStopping when the running tasks are done. Ctrl-C again stops them now.');
    worker.signal(SEVERITY[asked - 1] ?? 'SIGKILL');
  });
  const end = await worker.ended;
  hasEnded = true;
  const wasAsked = asked > 0;
  for (const other of others) other.signal('SIGTERM');
  await Promise.all(others.map((other) => other.ended));
  return { end, wasAsked };
}
