// Builds what is asked for: `node scripts/build.mjs [server] [web]`, both when nothing is named.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildWeb } from './build-web.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Compiles lib/ and server/ to dist/. Takes about two seconds. */
export function buildServer() {
  for (const part of ['lib', 'server']) rmSync(`${root}dist/${part}`, { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, ['scripts/tsc.mjs', '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const parts = process.argv.slice(2);
  if (parts.length === 0 || parts.includes('server')) buildServer();
  if (parts.length === 0 || parts.includes('web')) await buildWeb();
}
