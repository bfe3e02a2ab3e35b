// `npm start`: builds what is missing or out of date, then runs the dashboard, the embedded engine and a worker with
// the example app, and sends it a few tasks a second, so that there is something to see. Options go on to `umbel dev`.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildServer } from './build.mjs';
import { buildWeb } from './build-web.mjs';
import { isServerStale, isWebStale } from './stale.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

if (isServerStale()) {
  console.log('Building the library and the server (a few seconds) …');
  buildServer();
}
if (isWebStale()) {
  console.log('Building the pages (about a minute, once) …');
  await buildWeb();
}

const umbel = spawn(
  process.execPath,
  [
    'dist/lib/cli/main.js',
    '-A',
    'examples/tasks.ts',
    'dev',
    '-c',
    '4',
    '--with',
    'examples/traffic.ts',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
// From a terminal the child gets Ctrl-C as well and takes the one passed on for the echo that it is.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => umbel.kill(signal));
umbel.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
