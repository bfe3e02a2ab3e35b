import { globSource } from '../protocol/control.ts';
import type { ApplyOptions } from './apply-options.ts';
import { loadRoute } from './route-module.ts';
import type { Route, RouteFunction, RouteTarget } from './routes.ts';

/** Exact names, and patterns in their order (celery/app/routes.py `MapRoute`). */
class MapRoute {
  readonly #names = new Map<string, RouteTarget>();
  readonly #patterns: (readonly [RegExp, RouteTarget])[] = [];

  constructor(pairs: Iterable<readonly [string | RegExp, RouteTarget]>) {
    for (const [pattern, target] of pairs) {
      if (pattern instanceof RegExp) {
        this.#patterns.push([
          new RegExp(`^(?:${pattern.source})`, pattern.flags.replace(/[gy]/g, '')),
          target,
        ]);
      } else if (pattern.includes('*')) this.#patterns.push([new RegExp(globSource(pattern)), target]);
      else this.#names.set(pattern, target);
    }
  }

  find(name: string): RouteTarget | undefined {
    return this.#names.get(name) ?? this.#patterns.find(([pattern]) => pattern.test(name))?.[1];
  }
}

/** `task_routes`, ready to be asked. */
export class RouteTable {
  readonly #routers: readonly (MapRoute | RouteFunction)[];

  /** Throws `UmbelError('bad_config')` for a path without a function behind it. */
  constructor(routes: Route | readonly Route[] | null) {
    this.#routers = listOf(routes).map(prepare);
  }

  /** A name always goes to the same place. */
  get isFixed(): boolean {
    return this.#routers.every((router) => router instanceof MapRoute);
  }

  /** The first answer that is one. */
  find(
    name: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: ApplyOptions,
    task: { readonly name: string } | null,
  ): RouteTarget | null {
    for (const router of this.#routers) {
      const found =
        router instanceof MapRoute ? router.find(name) : router(name, args, kwargs, options, task);
      if (found) return found;
    }
    return null;
  }
}

function prepare(route: Route): MapRoute | RouteFunction {
  if (typeof route === 'function') return route;
  if (typeof route === 'string') return loadRoute(route);
  return new MapRoute(isPairs(route) ? route : Object.entries(route));
}

/** A list of pairs is one route, a list of anything else is several. */
function listOf(routes: Route | readonly Route[] | null): readonly Route[] {
  if (routes === null) return [];
  if (!isList(routes)) return [routes];
  return routes.length > 0 && isPairs(routes) ? [routes] : routes;
}

function isList(routes: Route | readonly Route[]): routes is readonly Route[] {
  return Array.isArray(routes);
}

function isPairs(value: unknown): value is readonly (readonly [string | RegExp, RouteTarget])[] {
  return Array.isArray(value) && value.every((item) => Array.isArray(item) && !Array.isArray(item[0]));
}
