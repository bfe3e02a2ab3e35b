import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Newest change below the given files and folders, in milliseconds since the epoch. */
function newest(paths) {
  return Math.max(
    0,
    ...paths.map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat) return 0;
      return stat.isDirectory() ? newest(readdirSync(path).map((name) => `${path}/${name}`)) : stat.mtimeMs;
    }),
  );
}

const isOlder = (output, sources) => {
  const file = `${root}${output}`;
  return !existsSync(file) || statSync(file).mtimeMs < newest(sources.map((path) => `${root}${path}`));
};

/** True when the compiled library and server are missing or older than their sources. */
export const isServerStale = () =>
  isOlder('dist/lib/cli/main.js', ['lib', 'server', 'package.json', 'tsconfig.build.json']);

/** True when the exported pages are missing or older than their sources. */
export const isWebStale = () =>
  isOlder('dist/web/index.html', [
    'app',
    'components',
    'lib/contract',
    'public',
    'next.config.ts',
    'package.json',
  ]);
