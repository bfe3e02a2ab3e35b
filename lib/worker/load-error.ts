import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { toError, UmbelError } from '../contract/errors.ts';

/** This package's own code: never the place to look at. */
const OURS = fileURLToPath(new URL('..', import.meta.url));

/** Why a module does not load, or with other words how its run ended, in two lines: what, and where. */
export function explainLoadError(thrown: unknown, path: string, happened = 'cannot be loaded'): string {
  const error = toError(thrown);
  const [firstLine = ''] = error.message.split('\n');
  const what = firstLine.trim().replace(/^ParseError:\s*/, 'SyntaxError: ');
  // Our own errors are sentences for people.
  const isNamed = error.name !== 'Error' && !(error instanceof UmbelError) && !what.startsWith(error.name);
  const name = isNamed ? `${error.name}: ` : '';
  return `${path} ${happened}: ${name}${what}\nAt ${placeOf(error, path)}.`;
}

function placeOf(error: Error, path: string): string {
  // jiti's parser puts the place on the second line of its message.
  const parsed = /^\s*(\S.*:\d+:\d+)\s*$/m.exec(error.message);
  if (parsed?.[1]) return parsed[1];
  if (error instanceof SyntaxError) return syntaxErrorPlace(path) ?? path;
  for (const line of (error.stack ?? '').split('\n')) {
    // `node:internal/modules/…` has slashes too, but is no file.
    if (/\bnode:/.test(line)) continue;
    const place = /(file:\/\/\S+|\/[^\s()]+):(\d+):(\d+)\)?$/.exec(line);
    const file = place?.[1];
    if (file === undefined || file.includes('/node_modules/')) continue;
    const where = file.startsWith('file:') ? fileURLToPath(file) : file;
    if (where.startsWith(OURS)) continue;
    return `${where}:${place?.[2]}`;
  }
  return path;
}

/** Node keeps the line of a syntax error to itself unless it is the one to print it. */
function syntaxErrorPlace(path: string): string | null {
  const { stderr } = spawnSync(process.execPath, ['--check', path], { encoding: 'utf8', timeout: 5000 });
  return /^(.+:\d+)$/m.exec(stderr ?? '')?.[1] ?? null;
}
