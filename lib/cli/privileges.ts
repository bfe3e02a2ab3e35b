import { spawnSync } from 'node:child_process';
import { toError } from '../contract/errors.ts';
import { CliExit, EXIT } from './exit.ts';

/** As whom and with which mask of file modes a process runs. */
export interface Privileges {
  /** Name or number of a user. */
  readonly uid?: string;
  /** Name or number of a group. Default: the groups of the user. */
  readonly gid?: string;
  /** Octal text, such as `022`. */
  readonly umask?: string;
}

/** Gives up root for a user (celery/platforms.py `maybe_drop_privileges`), before any file is opened. */
export function applyPrivileges({ uid, gid, umask }: Privileges): void {
  if (umask !== undefined) process.umask(umask);
  if (uid === undefined && gid === undefined) return;
  if (process.getuid?.() !== 0) {
    throw new CliExit(EXIT.usage, 'Error: Only root can start a worker as another user (--uid, --gid).');
  }
  const group = gid ?? idsOf(uid ?? '', '-g')[0] ?? '';
  const groups = uid === undefined ? [] : idsOf(uid, '-G');
  try {
    process.setgroups?.(groups.map(numeric));
    process.setgid?.(numeric(group));
    if (uid !== undefined) process.setuid?.(numeric(uid));
  } catch (error) {
    const who = [uid && `--uid ${uid}`, gid && `--gid ${gid}`].filter(Boolean).join(' ');
    throw new CliExit(EXIT.usage, `Error: Cannot run as ${who}: ${toError(error).message}`);
  }
}

/** Node knows no groups of a user; `id` asks every source that the machine has. */
function idsOf(user: string, what: '-g' | '-G'): string[] {
  const { status, stdout } = spawnSync('id', [what, user], { encoding: 'utf8' });
  if (status === 0) return stdout.trim().split(' ');
  throw new CliExit(EXIT.usage, `Error: There is no user "${user}" on this machine.`);
}

/** Node takes a text for a name, also one of digits. */
function numeric(id: string): string | number {
  return /^\d+$/.test(id) ? Number(id) : id;
}
