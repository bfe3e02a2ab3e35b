import { execFile } from 'node:child_process';

/** A command and what it is given before the command that it runs. */
export interface Leash {
  readonly path: string;
  readonly args: readonly string[];
}

const SETPRIV: Leash = { path: 'setpriv', args: ['--pdeathsig', 'KILL'] };
const LIMIT_MS = 2000;

/**
 * What to start a process with so that the system kills it together with its parent. Without one it learns of the death
 * from its channel: when the last thread of the parent is gone, and when it has an eye for it. Until then it would go on
 * with a late-ack task that another worker runs again. Linux with util-linux 2.33 has one; elsewhere this is null.
 */
export function findLeash(): Promise<Leash | null> {
  if (process.platform !== 'linux') return Promise.resolve(null);
  const { path, args } = SETPRIV;
  return new Promise((resolve) => {
    execFile(path, [...args, path, '--version'], { timeout: LIMIT_MS }, (error) =>
      resolve(error === null ? SETPRIV : null),
    );
  });
}
