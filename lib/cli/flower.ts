import { type Command, InvalidArgumentError } from 'commander';
import type { Dashboard, DashboardOptions } from '../../server/main.ts';
import { EMBEDDED_BROKER } from '../app/config.ts';
import { backendOptionsOf, transportOptionsOf } from '../app/connection-options.ts';
import { createLogger, type LogLevel } from '../util/logger.ts';
import { maskUrl } from '../util/mask.ts';
import { VERSION } from '../util/version.ts';
import { type GlobalOptions, openApp } from './context.ts';
import { addDashboardOptions, type DashboardCliOptions, dashboardOptions } from './dashboard-options.ts';
import { freePort } from './free-port.ts';
import { say } from './output.ts';
import { stopInTime } from './stop-in-time.ts';
import { untilEndSignal } from './until-signal.ts';

/** `umbel flower`, also plain `umbel`: the dashboard, with the embedded engine when no broker is named. */
export function registerFlower(program: Command): void {
  const command = program
    .command('flower', { isDefault: true })
    .allowExcessArguments()
    .summary('the dashboard (the default command)')
    .description(
      'Watch and steer workers in the browser. Without a broker it brings its own: the embedded engine.',
    )
    .addHelpText('after', '\nExample: umbel --broker=redis://localhost:6379/0 flower --port 5555');
  addDashboardOptions(command, 'WARNING').action(async (options: DashboardCliOptions) => {
    refuseWords(command.args);
    const globals = program.opts<GlobalOptions>();
    const dashboard = await makeDashboard(
      { ...(await brokerOf(globals)), ...dashboardOptions(options) },
      options.loglevel,
    );
    const end = untilEndSignal();
    const isUp = await Promise.race([dashboard.start().then(() => true), end.then(() => false)]);
    if (isUp && !globals.quiet) say(welcome(dashboard));
    await end;
    await stopInTime(dashboard);
  });
}

/** Behind an option of its own, as in `umbel --port 8888 flower`, its name comes as a word. */
function refuseWords(words: readonly string[]): void {
  const word = words.find((each, index) => each !== 'flower' || index > 0);
  if (word === undefined) return;
  throw new InvalidArgumentError(
    `flower takes options only, not "${word}". Options of another command stand behind its name: umbel <command> …`,
  );
}

/** The server is loaded only by the commands that start it: it is most of the program. */
export async function makeDashboard(options: DashboardOptions, level: LogLevel): Promise<Dashboard> {
  const { Dashboard } = await import('../../server/main.ts');
  const enginePort = options.enginePort === 0 ? await freePort() : options.enginePort;
  const dashboard = new Dashboard({ ...options, enginePort }, { logger: createLogger({ level }) });
  const { isEmbedded, broker } = dashboard.config;
  if (enginePort !== undefined && !isEmbedded) refuseEnginePort(broker, options.broker === undefined);
  return dashboard;
}

/** Nothing would listen there. `UMBEL_ENGINE_PORT` is no such wish: it may stand for all dashboards of a machine. */
function refuseEnginePort(broker: string, isFromEnvironment: boolean): never {
  const source = isFromEnvironment ? ', from FLOWER_BROKER or CELERY_BROKER_URL' : '';
  throw new InvalidArgumentError(
    `--engine-port is for the embedded engine, but the broker is ${maskUrl(broker)}${source}. Leave out one of them.`,
  );
}

/** Broker, store and queues: those of the command line, else those that the app or `--config` sets, else left to the dashboard. */
export async function brokerOf(
  globals: GlobalOptions,
): Promise<
  Pick<DashboardOptions, 'broker' | 'brokerOptions' | 'resultBackend' | 'backendOptions' | 'queues'>
> {
  if (!globals.app && !globals.config) {
    return {
      ...(globals.broker && { broker: globals.broker }),
      ...(globals.resultBackend && { resultBackend: globals.resultBackend }),
    };
  }
  const app = await openApp(globals);
  if (app.conf.broker_url === EMBEDDED_BROKER) return {};
  const { backendUrl } = app;
  return {
    broker: app.conf.broker_url,
    brokerOptions: transportOptionsOf(app.conf),
    backendOptions: backendOptionsOf(app.conf),
    // Each worker has its own queue for what is broadcast.
    queues: app.router.queues.filter(({ autoDelete }) => !autoDelete).map(({ name }) => name),
    ...(backendUrl !== null && { resultBackend: backendUrl }),
  };
}

/** What a person needs to know after the start. */
export function welcome({ url, config }: Dashboard): string {
  const { isEmbedded, memoryOnly, data } = config;
  const kept = memoryOnly ? 'in memory only' : `data in ${data}`;
  const lines = [
    `Umbel ${VERSION}`,
    `  Dashboard   ${url}`,
    `  Broker      ${maskUrl(config.broker)}${isEmbedded ? ` (embedded engine, ${kept})` : ''}`,
  ];
  if (!isEmbedded) lines.push(`  History     ${kept}`);
  return [...lines, '  Ctrl-C stops it.', ''].join('\n');
}
