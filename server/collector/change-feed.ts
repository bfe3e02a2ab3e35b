import type { Changes } from '../../lib/monitor/monitor.ts';

type Listener = (changes: Changes) => void;

/** Tells whoever listens what changed in the cluster, some ten times a second and only when something did. */
export class ChangeFeed {
  readonly #listeners = new Set<Listener>();

  emit(changes: Changes): void {
    for (const listener of this.#listeners) listener(changes);
  }

  /** Returns how to stop listening. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
