import { type Key, readKeys } from './keys.ts';

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';

/**
 * The terminal as a screen of our own: another buffer, no cursor, keys one by one. It is put back by `close`, and when
 * the process ends without it, however that comes.
 */
export class Terminal {
  readonly #onKey: (key: Key) => void;
  readonly #onResize: () => void;
  readonly #restore = (): void => this.close();
  readonly #resized = (): void => this.#onResize();
  readonly #resumed = (): void => {
    this.#enter();
    this.#onResize();
  };
  readonly #read = (data: Buffer): void => {
    for (const key of readKeys(data.toString())) this.#onKey(key);
  };
  #isOpen = false;

  constructor(onKey: (key: Key) => void, onResize: () => void) {
    this.#onKey = onKey;
    this.#onResize = onResize;
  }

  get width(): number {
    return process.stdout.columns || 80;
  }

  get height(): number {
    return process.stdout.rows || 24;
  }

  open(): void {
    this.#isOpen = true;
    process.on('exit', this.#restore);
    process.on('SIGCONT', this.#resumed);
    process.stdout.on('resize', this.#resized);
    process.stdin.on('data', this.#read);
    process.stdin.resume();
    this.#enter();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#resumed);
    process.stdout.off('resize', this.#resized);
    process.stdin.off('data', this.#read);
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdout.write(LEAVE);
  }

  /** Draws a frame over the one before; a terminal that is too slow misses some. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen || process.stdout.writableNeedDrain) return;
    process.stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`);
  }

  #enter(): void {
    process.stdin.setRawMode(true);
    process.stdout.write(ENTER);
  }
}
