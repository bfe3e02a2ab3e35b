/** What a handler is given: decoded parts of the path, the query, the parsed body. */
export interface Request {
  readonly params: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** An answer; the body is sent as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export type Handler<Context> = (context: Context, request: Request) => Promise<Answer> | Answer;

export interface Route<Context> {
  readonly method: 'GET' | 'POST';
  /** `/api/task/info/:id`; a part with a colon takes anything but a slash. */
  readonly path: string;
  readonly handler: Handler<Context>;
}

export type Match<Context> =
  | {
      readonly kind: 'found';
      readonly handler: Handler<Context>;
      readonly params: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'other_method'; readonly allow: string }
  | { readonly kind: 'none' };

/** Finds the handler of a request in one table. */
export class Router<Context> {
  readonly #routes: readonly { readonly route: Route<Context>; readonly parts: readonly string[] }[];

  constructor(routes: readonly Route<Context>[]) {
    this.#routes = routes.map((route) => ({ route, parts: route.path.split('/') }));
  }

  match(method: string, path: string): Match<Context> {
    const parts = path.split('/');
    const allowed: string[] = [];
    for (const { route, parts: pattern } of this.#routes) {
      const params = matchParts(pattern, parts);
      if (params === null) continue;
      if (route.method === method) return { kind: 'found', handler: route.handler, params };
      allowed.push(route.method);
    }
    return allowed.length === 0 ? { kind: 'none' } : { kind: 'other_method', allow: allowed.join(', ') };
  }
}

function matchParts(pattern: readonly string[], parts: readonly string[]): Map<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const params = new Map<string, string>();
  for (const [index, expected] of pattern.entries()) {
    const part = parts[index] ?? '';
    if (!expected.startsWith(':')) {
      if (expected !== part) return null;
      continue;
    }
    const value = decodePart(part);
    if (!value) return null;
    params.set(expected.slice(1), value);
  }
  return params;
}

/** Null for what is not valid percent encoding. */
function decodePart(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
