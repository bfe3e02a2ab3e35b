import { toError, UmbelError } from '../../lib/contract/errors.ts';
import { isRecord } from '../../lib/protocol/record.ts';
import { nowSeconds } from '../../lib/util/clock.ts';
import type { Logger } from '../../lib/util/logger.ts';
import type { Collector } from '../collector/collector.ts';

const TIMEOUT_MS = 3000;
const MAX_TEXT = 1000;
const LOOK_AGAIN_MS = 400;

/** What a worker said to a command, in its own words. */
export interface WorkerAnswer {
  readonly ok: boolean;
  readonly text: string;
}

/** Sends commands to workers and keeps what each of them answered. */
export class ControlDesk {
  readonly #collector: Collector;
  readonly #logger: Logger;

  constructor(collector: Collector, logger: Logger) {
    this.#collector = collector;
    this.#logger = logger;
  }

  /** Refused as `not_found` for a worker that nobody has heard of. */
  demandWorker(name: string): void {
    if (!this.#collector.monitor.workers.get(name))
      throw new UmbelError('not_found', `Unknown worker '${name}'`);
  }

  demandTask(name: string): void {
    const { inspector, monitor } = this.#collector;
    if (!inspector.isRegistered(name) && !monitor.names.has(name)) {
      throw new UmbelError('not_found', `Unknown task '${name}'`);
    }
  }

  /** Asks one worker and returns its answer. A worker that says nothing within three seconds counts as refusing. */
  async ask(worker: string, method: string, args: Readonly<Record<string, unknown>>): Promise<WorkerAnswer> {
    const replies = await this.#collector.link.command(method, {
      arguments: args,
      destination: [worker],
      timeoutMs: TIMEOUT_MS,
    });
    const answer = replies.has(worker)
      ? readAnswer(replies.get(worker))
      : { ok: false, text: `no answer within ${TIMEOUT_MS / 1000} s` };
    this.#note(worker, method, answer);
    if (answer.ok) this.#lookAgain(worker);
    return answer;
  }

  /** Asks everybody without waiting; answers are kept as they come. */
  askAll(method: string, args: Readonly<Record<string, unknown>>): void {
    const { link } = this.#collector;
    if (!link.isConnected) {
      throw new UmbelError(
        'unavailable',
        `The broker ${link.displayUrl} cannot be reached. Try again later.`,
      );
    }
    void link
      .command(method, { arguments: args })
      .then((replies) => {
        for (const [worker, reply] of replies) this.#note(worker, method, readAnswer(reply));
      })
      .catch((thrown: unknown) => this.#logger.warning(`${method} was not sent: ${toError(thrown).message}`));
  }

  /** Sends a command that workers obey without an answer. */
  async tell(worker: string, method: string): Promise<void> {
    await this.#collector.link.tell(method, [worker]);
    this.#note(worker, method, { ok: true, text: 'sent' });
  }

  /** What a worker was told to change shows soon, not with the next turn of the clock. */
  #lookAgain(worker: string): void {
    setTimeout(() => {
      this.#collector.inspector.refresh([worker], ['stats', 'active_queues']).catch(() => {
        // The clock asks again.
      });
    }, LOOK_AGAIN_MS).unref();
  }

  #note(worker: string, command: string, { ok, text }: WorkerAnswer): void {
    this.#collector.inspector.noteAnswer({ at: nowSeconds(), worker, command, ok, text });
  }
}

/** `{"ok": "pool will grow"}` or `{"error": "…"}`. */
function readAnswer(reply: unknown): WorkerAnswer {
  if (isRecord(reply) && 'error' in reply)
    return { ok: false, text: String(reply['error']).slice(0, MAX_TEXT) };
  const text = isRecord(reply) && 'ok' in reply ? reply['ok'] : reply;
  return {
    ok: true,
    text: (typeof text === 'string' ? text : JSON.stringify(text ?? null)).slice(0, MAX_TEXT),
  };
}
