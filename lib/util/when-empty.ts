/** Lets one wait until nothing is left, but not for ever. */
export class WhenEmpty {
  #resolve: (() => void) | null = null;

  /** Resolves with `tell`, after `limitMs` at the latest. */
  async wait(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#resolve = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Nothing is left. */
  tell(): void {
    this.#resolve?.();
    this.#resolve = null;
  }
}
