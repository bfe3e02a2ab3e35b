import { IncompleteStream } from '../protocol/celery-errors.ts';
import type { AnyResult, GetOptions } from './any-result.ts';

/** A result, and the one that started it; null for the first. */
export type Dependency = readonly [parent: AnyResult | null, node: AnyResult];

/**
 * A result and all that it started, breadth first (celery/result.py `iterdeps`). Throws `IncompleteStream` at one that
 * has not ended when the next is asked for, unless `intermediate`.
 */
export async function* dependenciesOf(root: AnyResult, intermediate: boolean): AsyncGenerator<Dependency> {
  const queue: Dependency[] = [[null, root]];
  for (let next = queue.shift(); next; next = queue.shift()) {
    yield next;
    const [, node] = next;
    if (await node.ready()) {
      for (const child of (await node.children()) ?? []) queue.push([node, child]);
    } else if (!intermediate) {
      throw new IncompleteStream();
    }
  }
}

/** The same with the value of each, waited for. */
export async function* collectFrom(
  root: AnyResult,
  { intermediate = false, ...options }: GetOptions & { readonly intermediate?: boolean },
): AsyncGenerator<readonly [result: AnyResult, value: unknown]> {
  for await (const [, node] of dependenciesOf(root, intermediate)) yield [node, await node.get(options)];
}

/** Which result started which. */
export class DependencyGraph {
  readonly #edges = new Map<string, string[]>();

  static async of(root: AnyResult, intermediate: boolean): Promise<DependencyGraph> {
    const graph = new DependencyGraph();
    for await (const [parent, node] of dependenciesOf(root, intermediate)) {
      graph.#add(node.id);
      if (parent) graph.#add(parent.id).push(node.id);
    }
    return graph;
  }

  /** Ids of all, in the order in which they were found. */
  get nodes(): readonly string[] {
    return [...this.#edges.keys()];
  }

  get edges(): readonly (readonly [parent: string, child: string])[] {
    return [...this.#edges].flatMap(([parent, children]) =>
      children.map((child): [string, string] => [parent, child]),
    );
  }

  /** For Graphviz: `digraph dependencies { … }`. */
  toDot(): string {
    const quote = (id: string): string => `"${id.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
    const nodes = this.nodes.map((id) => `    ${quote(id)}`);
    const edges = this.edges.map(([parent, child]) => `    ${quote(parent)} -> ${quote(child)}`);
    return ['digraph dependencies {', ...nodes, ...edges, '}'].join('\n');
  }

  #add(id: string): string[] {
    const children = this.#edges.get(id) ?? [];
    this.#edges.set(id, children);
    return children;
  }
}
