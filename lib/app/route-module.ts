import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { toError, UmbelError } from '../contract/errors.ts';
import type { RouteFunction } from './routes.ts';

type Jiti = typeof import('jiti');

/**
 * The function that a text in `task_routes` names: `./routes.ts:route`, or just the module for its default export. The
 * path is seen from the working directory. Throws `UmbelError('bad_config')`.
 */
export function loadRoute(spec: string): RouteFunction {
  const [, path = spec, name = 'default'] = /^(.{2,}):([A-Za-z_$][\w$]*)$/.exec(spec) ?? [];
  const found = exportOf(path, name, spec);
  if (isFunction(found)) return found;
  throw new UmbelError('bad_config', `task_routes: "${spec}" exports no function "${name}".`);
}

function exportOf(path: string, name: string, spec: string): unknown {
  try {
    // Where a call goes must be known before it is sent, so this cannot be an import that is waited for.
    const { createJiti }: Jiti = createRequire(import.meta.url)('jiti');
    const module: unknown = createJiti(import.meta.url)(resolve(path));
    return typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined;
  } catch (error) {
    throw new UmbelError('bad_config', `task_routes: "${spec}" cannot be loaded: ${toError(error).message}`, {
      cause: error,
    });
  }
}

function isFunction(value: unknown): value is RouteFunction {
  return typeof value === 'function';
}
