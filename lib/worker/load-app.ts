import { type Celery, isCelery } from '../app/celery.ts';
import { UmbelError } from '../contract/errors.ts';
import { loadModule, resolveModule, shownPath } from './load-module.ts';

/**
 * Loads the app that `-A` names: `tasks`, `tasks.ts`, `./dir/tasks` or `tasks:attribute`. Without an attribute it is
 * the export `app`, `celery` or `default`, else the first Celery app that the module exports.
 * Throws `UmbelError('bad_config')`: no such file, does not load, no app in it.
 */
export async function loadApp(spec: string, folder: string = process.cwd()): Promise<Celery> {
  const { module: name, attribute } = splitSpec(spec);
  const path = resolveModule(name, folder);
  const exports = await loadModule(path);
  const app = attribute === null ? findApp(exports) : exports[attribute];
  if (isCelery(app)) return app;
  throw new UmbelError('bad_config', explainMissing(shownPath(path), exports, attribute));
}

/** Loads the modules that `imports` and `include` name, so that their tasks are registered. For workers and shells. */
export async function importModules({ conf }: Celery, folder: string = process.cwd()): Promise<void> {
  for (const name of new Set([...conf.imports, ...conf.include])) {
    await loadModule(resolveModule(name, folder));
  }
}

/** `dir/tasks:app` → module and attribute. The colon of `C:\tasks.ts` is none of ours. */
export function splitSpec(spec: string): { module: string; attribute: string | null } {
  const match = /^(.{2,}):([A-Za-z_$][\w$]*)$/.exec(spec);
  return { module: match?.[1] ?? spec, attribute: match?.[2] ?? null };
}

function findApp(exports: Readonly<Record<string, unknown>>): unknown {
  const named = [exports['app'], exports['celery'], exports['default']];
  return [...named, ...Object.values(exports)].find(isCelery);
}

function explainMissing(
  path: string,
  exports: Readonly<Record<string, unknown>>,
  attribute: string | null,
): string {
  const names = Object.keys(exports).sort().join(', ') || 'nothing';
  if (attribute === null) {
    return `${path} exports no Celery app (it exports ${names}).\nAdd: export const app = new Celery('tasks');`;
  }
  return attribute in exports
    ? `"${attribute}" in ${path} is no Celery app.\nIt should be: export const ${attribute} = new Celery('tasks');`
    : `${path} exports no "${attribute}".\nIt exports ${names}.`;
}
