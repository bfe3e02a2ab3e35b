import { arch, platform, release } from 'node:os';
import type { Command } from 'commander';
import { maskSettings } from '../util/mask.ts';
import { VERSION } from '../util/version.ts';
import { type GlobalOptions, withApp } from './context.ts';
import { say } from './output.ts';

/** `umbel report`: what to paste into a bug report. */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('Print versions, platform and settings (secrets masked) for a bug report.')
    .option('-j, --json', 'print JSON')
    .addHelpText('after', '\nExample: umbel -A tasks report')
    .action(async (options: { json?: boolean }) => {
      await withApp(program.opts<GlobalOptions>(), async (app) => {
        const settings = maskSettings({ ...app.conf });
        if (options.json) {
          const { versions } = process;
          const system = { system: platform(), release: release(), arch: arch() };
          say(JSON.stringify({ umbel: VERSION, node: versions.node, ...system, app: app.main, settings }));
          return;
        }
        say(`software -> umbel:${VERSION} node:${process.versions.node}`);
        say(`platform -> system:${platform()} ${release()} arch:${arch()}`);
        say(`app      -> ${app.main}`);
        say(`settings -> ${JSON.stringify(settings, null, 2)}`);
      });
    });
}
