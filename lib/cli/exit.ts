/** Exit codes of Celery's command line (celery/platforms.py, sysexits.h). */
export const EXIT = { ok: 0, failure: 1, usage: 2, unavailable: 69, cantCreate: 73 } as const;

/** Ends the command with a code; `message` goes to standard error as it is. */
export class CliExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message = '') {
    super(message);
    this.name = 'CliExit';
    this.exitCode = exitCode;
  }
}
