import { statSync } from 'node:fs';
import { extname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UmbelError } from '../contract/errors.ts';
import { explainLoadError } from './load-error.ts';

/** In order: where a source and its compiled form stand side by side, the source is what was edited. */
const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];
const TYPESCRIPT = new Set(['.ts', '.mts', '.cts', '.tsx']);

/** False also below a file, where stat throws: `tasks.py/index.ts`. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The file that a module name stands for: `tasks`, `tasks.ts`, `./dir/tasks`, a folder with an index, or Python's
 * dotted `proj.tasks`. Throws `UmbelError('bad_config')` that lists what was tried.
 */
export function resolveModule(name: string, folder: string = process.cwd()): string {
  // With a known extension it is a file, never a package in dots.
  const isDotted = /^[\w-]+(\.[\w-]+)+$/.test(name) && !EXTENSIONS.includes(extname(name));
  const names = isDotted ? [name, name.replaceAll('.', '/')] : [name];
  const tried: string[] = [];
  for (const candidate of names.flatMap(candidates)) {
    const path = resolve(folder, candidate);
    if (isFile(path)) return path;
    tried.push(candidate);
  }
  throw new UmbelError(
    'bad_config',
    `There is no module "${name}" in ${folder}.\n${pythonHint(names, folder) ?? `Tried: ${tried.join(', ')}.`}`,
  );
}

/** A team that comes from Celery names its Python app, as it did for Flower: that needs the broker's URL instead. */
function pythonHint(names: readonly string[], folder: string): string | null {
  const files = names.flatMap((name) =>
    name.endsWith('.py') ? [name] : [`${name}.py`, `${name}/__init__.py`],
  );
  const python = files.find((file) => isFile(resolve(folder, file)));
  if (python === undefined) return null;
  return `${python} is Python, which is not loaded here: leave -A out and name its broker, as in \`umbel -b redis://localhost:6379/0 flower\`.`;
}

function candidates(name: string): string[] {
  if (EXTENSIONS.includes(extname(name))) return [name];
  return [...EXTENSIONS.map((extension) => name + extension), `${name}/index.ts`, `${name}/index.js`];
}

/**
 * Loads a user's module. JavaScript by `import()`; TypeScript by jiti, which is itself loaded only then. What the
 * module imports as `umbel` is this very package, so that both sides share one registry and one set of classes.
 * Throws `UmbelError('bad_config')` with file, line and message.
 */
export async function loadModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return TYPESCRIPT.has(extname(path)) ? await importTypescript(path) : await importJavascript(path);
  } catch (error) {
    throw new UmbelError('bad_config', explainLoadError(error, path), { cause: error });
  }
}

/** A path as it is shown: relative when that is shorter. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

async function importJavascript(path: string): Promise<Readonly<Record<string, unknown>>> {
  const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href);
  return module;
}

async function importTypescript(path: string): Promise<Readonly<Record<string, unknown>>> {
  const [{ createJiti }, umbel] = await Promise.all([import('jiti'), import('../index.ts')]);
  const jiti = createJiti(path, { virtualModules: { umbel }, interopDefault: false });
  return jiti.import<Readonly<Record<string, unknown>>>(path);
}
