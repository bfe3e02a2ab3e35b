import { TaskRecord } from './task-record.ts';

/** Children of one parent that are remembered. */
const MAX_CHILDREN = 200;

/** The tasks last heard of. The one that was silent longest goes first when the table is full. */
export class TaskTable {
  readonly limit: number;
  readonly #tasks = new Map<string, TaskRecord>();
  readonly #children = new Map<string, Set<string>>();
  readonly #onEvict: (record: TaskRecord) => void;

  constructor(limit: number, onEvict: (record: TaskRecord) => void) {
    this.limit = limit;
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#tasks.size;
  }

  get(uuid: string): TaskRecord | undefined {
    return this.#tasks.get(uuid);
  }

  /** The record, made the most recent one; created when unknown. */
  touch(uuid: string): TaskRecord {
    const known = this.#tasks.get(uuid);
    if (known) {
      this.#tasks.delete(uuid);
      this.#tasks.set(uuid, known);
      return known;
    }
    const record = new TaskRecord(uuid);
    this.add(record);
    return record;
  }

  add(record: TaskRecord): void {
    this.#tasks.set(record.uuid, record);
    this.linkParent(record);
    if (this.#tasks.size <= this.limit) return;
    const oldest = this.#tasks.values().next().value;
    if (oldest) this.#evict(oldest);
  }

  /** Files a task under its parent. A task may name itself as parent (a retry does): that is no child. */
  linkParent({ uuid, facts: { parentId } }: TaskRecord): void {
    if (parentId === null || parentId === uuid) return;
    let children = this.#children.get(parentId);
    if (!children) {
      children = new Set();
      this.#children.set(parentId, children);
    }
    if (children.size < MAX_CHILDREN) children.add(uuid);
  }

  childrenOf(uuid: string): string[] {
    return [...(this.#children.get(uuid) ?? [])];
  }

  /** Most recently heard of last. */
  values(): IterableIterator<TaskRecord> {
    return this.#tasks.values();
  }

  #evict(record: TaskRecord): void {
    this.#tasks.delete(record.uuid);
    const { parentId } = record.facts;
    const siblings = parentId === null ? undefined : this.#children.get(parentId);
    siblings?.delete(record.uuid);
    if (parentId !== null && siblings?.size === 0) this.#children.delete(parentId);
    this.#onEvict(record);
  }
}
