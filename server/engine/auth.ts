import { createHash, timingSafeEqual } from 'node:crypto';
import type { Authenticator } from './commands/command.ts';

/** One password for the default user, or none at all. */
export class PasswordAuth implements Authenticator {
  readonly #digest: Buffer | null;

  constructor(password: string | null) {
    this.#digest = password === null ? null : digest(Buffer.from(password, 'utf8'));
  }

  get isRequired(): boolean {
    return this.#digest !== null;
  }

  /** Takes the same time whatever is wrong. Without a password the default user needs none. */
  accepts(user: string, password: string): boolean {
    if (user !== 'default') return false;
    return this.#digest === null || timingSafeEqual(digest(Buffer.from(password, 'latin1')), this.#digest);
  }
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
