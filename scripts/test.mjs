// `npm test [-- vitest arguments]`: installs the services the tests talk to, builds what they start, runs them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildServer } from './build.mjs';
import { buildWeb } from './build-web.mjs';
import { isWebStale } from './stale.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) console.error(String(error));
  if (status !== 0) process.exit(status ?? 1);
}

run('sh', ['scripts/install-test-services.sh']);
buildServer();
if (isWebStale()) await buildWeb();
run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
