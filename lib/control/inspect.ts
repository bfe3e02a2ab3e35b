import type { BroadcastOptions, Mailbox } from './mailbox.ts';

/** What each worker answered, by node name. */
export type Answers = Readonly<Record<string, unknown>>;

export interface InspectOptions {
  /** Node names; everybody when absent. */
  readonly destination?: readonly string[];
  /** Seconds to wait. Default 1. */
  readonly timeout?: number;
}

/** Asks workers and changes nothing (celery/app/control.py `Inspect`). Nobody answering is an empty object. */
export class Inspect {
  readonly #mailbox: () => Promise<Mailbox>;
  readonly #options: BroadcastOptions;

  constructor(mailbox: () => Promise<Mailbox>, { destination, timeout }: InspectOptions = {}) {
    this.#mailbox = mailbox;
    this.#options = {
      ...(destination && { destination }),
      ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
    };
  }

  ping(): Promise<Answers> {
    return this.#ask('ping');
  }

  /** Running tasks. */
  active(): Promise<Answers> {
    return this.#ask('active', { safe: null });
  }

  /** Tasks taken but not started. */
  reserved(): Promise<Answers> {
    return this.#ask('reserved');
  }

  /** Tasks that wait for their ETA. */
  scheduled(): Promise<Answers> {
    return this.#ask('scheduled');
  }

  revoked(): Promise<Answers> {
    return this.#ask('revoked');
  }

  registered(...taskInfoItems: string[]): Promise<Answers> {
    return this.#ask('registered', { taskinfoitems: taskInfoItems });
  }

  stats(): Promise<Answers> {
    return this.#ask('stats');
  }

  activeQueues(): Promise<Answers> {
    return this.#ask('active_queues');
  }

  /** Settings that differ from the defaults, or all of them; secrets are masked by the worker. */
  conf(withDefaults = false): Promise<Answers> {
    return this.#ask('conf', { with_defaults: withDefaults });
  }

  report(): Promise<Answers> {
    return this.#ask('report');
  }

  clock(): Promise<Answers> {
    return this.#ask('clock');
  }

  queryTask(...ids: string[]): Promise<Answers> {
    return this.#ask('query_task', { ids });
  }

  /** Memory in use, such as `48.547MB`. */
  memsample(): Promise<Answers> {
    return this.#ask('memsample');
  }

  /** Memory in parts: of ours as Node tells it, of Python's since the first `memsample`. */
  memdump(samples = 10): Promise<Answers> {
    return this.#ask('memdump', { samples });
  }

  async #ask(method: string, args: Record<string, unknown> = {}): Promise<Answers> {
    const mailbox = await this.#mailbox();
    const replies = await mailbox.broadcast(method, { ...this.#options, arguments: args });
    return Object.assign(Object.create(null), ...replies);
  }
}
