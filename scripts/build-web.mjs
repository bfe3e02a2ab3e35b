// Builds the pages: `next build` writes a static export to out/, which becomes dist/web. About half a minute of CPU.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Exports the pages to dist/web; ends the process with Next's status when that fails. */
export function buildWeb() {
  const { status } = spawnSync(process.execPath, ['node_modules/next/dist/bin/next', 'build'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
  });
  if (status !== 0) process.exit(status ?? 1);
  if (!existsSync(`${root}out/index.html`)) {
    console.error('next build wrote no out/index.html');
    process.exit(1);
  }
  rmSync(`${root}dist/web`, { recursive: true, force: true });
  cpSync(`${root}out`, `${root}dist/web`, { recursive: true });
  rmSync(`${root}out`, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildWeb();
