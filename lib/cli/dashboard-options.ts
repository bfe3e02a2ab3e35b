import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DashboardOptions } from '../../server/main.ts';
import type { LogLevel } from '../util/logger.ts';
import { list, logLevel, port, wholeNumber } from './parse.ts';

export interface DashboardCliOptions {
  readonly port?: number;
  readonly address?: string;
  readonly brokerApi?: string;
  readonly broker_api?: string;
  readonly urlPrefix?: string;
  readonly url_prefix?: string;
  readonly enginePort?: number;
  readonly data?: string;
  readonly memoryOnly?: boolean;
  readonly maxTasks?: number;
  readonly max_tasks?: number;
  readonly maxDays?: number;
  readonly readOnly?: boolean;
  readonly unauthenticated?: boolean;
  readonly allowedHosts?: string[];
  readonly loglevel: LogLevel;
}

function days(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a number of days.');
}

/** Options of the dashboard, for `flower` and `dev`. Flower's spelling with an underscore works too. */
export function addDashboardOptions(command: Command, logDefault: LogLevel): Command {
  return command
    .option('--port <n>', 'port of the pages (5555; 0: any free one)', port)
    .option('--address <ip>', 'address to listen on (127.0.0.1)')
    .option('--broker-api <url>', "RabbitMQ's management API: http://guest:guest@localhost:15672/api/")
    .addOption(new Option('--broker_api <url>').hideHelp())
    .option('--url-prefix <path>', 'path under which a proxy serves it, such as flower')
    .addOption(new Option('--url_prefix <path>').hideHelp())
    .option('--engine-port <n>', 'port of the embedded engine (5556)', port)
    .option('--data <dir>', 'folder for queues and history (.umbel)')
    .option('--memory-only', 'keep nothing on disk')
    .option('--max-tasks <n>', 'tasks to remember (1,000,000)', wholeNumber)
    .addOption(new Option('--max_tasks <n>').argParser(wholeNumber).hideHelp())
    .option('--max-days <n>', 'days to remember them (7)', days)
    .option('--read-only', 'show everything, change nothing')
    .option('--allowed-hosts <names>', 'host names of the proxy in front, with commas', list)
    .option('--unauthenticated', 'listen on other addresses although there is no login')
    .option('-l, --loglevel <level>', 'debug, info, warning, error or critical', logLevel, logDefault);
}

export function dashboardOptions(options: DashboardCliOptions): DashboardOptions {
  const { loglevel: _loglevel, broker_api, url_prefix, max_tasks, ...rest } = options;
  return {
    ...rest,
    brokerApi: rest.brokerApi ?? broker_api,
    urlPrefix: rest.urlPrefix ?? url_prefix,
    maxTasks: rest.maxTasks ?? max_tasks,
  };
}
