import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the system keeps what a program remembers of its use, such as a history. */
export function stateFolder(): string {
  const { platform, env } = process;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'umbel');
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || homedir(), 'umbel');
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'umbel');
}
