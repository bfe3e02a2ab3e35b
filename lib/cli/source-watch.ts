import { type Dirent, type FSWatcher, readdirSync, watch } from 'node:fs';
import { extname, join, relative } from 'node:path';

const SOURCES = new Set(['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs']);
/** What builds and tools write; names with a dot in front are skipped too. */
const SKIPPED = new Set(['node_modules', 'dist', 'out', 'build', 'coverage']);
/** An editor writes a file in several steps, a checkout many files. */
const QUIET_MS = 200;
/** Each costs a watch of the system. */
const MAX_FOLDERS = 2000;

/**
 * Calls back when source files under a folder change, once for each burst, with one of the paths. Folders of packages, of
 * builds and hidden ones are left out; Node's own recursive watch would walk through all of them.
 */
export class SourceWatch {
  readonly #root: string;
  readonly #onChange: (path: string) => void;
  readonly #folders = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(root: string, onChange: (path: string) => void) {
    this.#root = root;
    this.#onChange = onChange;
    this.#add(root);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #add(folder: string): void {
    if (this.#isStopped || this.#folders.has(folder) || this.#folders.size >= MAX_FOLDERS) return;
    try {
      const watcher = watch(folder, (_event, name) => this.#onEvent(folder, name));
      // A folder that is removed ends its watch.
      watcher.on('error', () => this.#drop(folder));
      this.#folders.set(folder, watcher);
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (isWatched(entry)) this.#add(join(folder, entry.name));
      }
    } catch {
      this.#drop(folder); // gone, or not ours to read: nothing to watch
    }
  }

  #drop(folder: string): void {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
  }

  #onEvent(folder: string, name: string | null): void {
    if (name === null || name.startsWith('.')) return;
    const path = join(folder, name);
    if (SOURCES.has(extname(name))) this.#note(path);
    else if (extname(name) === '' && !SKIPPED.has(name)) this.#add(path);
  }

  #note(path: string): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onChange(relative(this.#root, path)), QUIET_MS);
  }
}

function isWatched(entry: Dirent): boolean {
  return entry.isDirectory() && !entry.name.startsWith('.') && !SKIPPED.has(entry.name);
}
