/** What a consumer does once for each turn of the event loop. Messages that are being handed over start first. */
export class Turn {
  readonly #end: () => void;
  #isPlanned = false;
  #isHandingOver = false;

  constructor(end: () => void) {
    this.#end = end;
  }

  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    if (!this.#isHandingOver) this.#start();
  }

  handOver(messages: () => void): void {
    const wasPlanned = this.#isPlanned;
    this.#isHandingOver = true;
    try {
      messages();
    } finally {
      this.#isHandingOver = false;
      if (this.#isPlanned && !wasPlanned) this.#start();
    }
  }

  #start(): void {
    setImmediate(() => {
      this.#isPlanned = false;
      this.#end();
    });
  }
}
