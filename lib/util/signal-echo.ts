/** A person does not press Ctrl-C twice in less. */
const ECHO_MS = 200;

/**
 * Tells a second request to stop from an echo of the first: `npm start` and `npx` pass a signal on that the terminal has
 * sent to the whole process group already, so one Ctrl-C arrives twice.
 */
export class SignalEcho {
  readonly #lastAt = new Map<NodeJS.Signals, number>();

  isEcho(signal: NodeJS.Signals): boolean {
    const now = performance.now();
    const lastAt = this.#lastAt.get(signal) ?? Number.NEGATIVE_INFINITY;
    this.#lastAt.set(signal, now);
    return now - lastAt < ECHO_MS;
  }
}
