import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { TestProcess } from './process.ts';

/** A database server that a test has for itself, with its data in a folder that goes with it. */
export interface DatabaseServer {
  readonly port: number;
  /** For Celery's and our `result_backend`; Python's drivers are named in `pythonUrl`. */
  url(): string;
  pythonUrl(): string;
  stop(): Promise<void>;
  /** Ends it, at once and in the middle of what it does when `isKilled`, and starts it again with the same data. */
  restart(isKilled?: boolean): Promise<void>;
}

const START_LIMIT_MS = 60_000;
/** Of the user `umbel`. */
export const DATABASE_PASSWORD = 'p@ss/w%';
const INSTALL = 'Run scripts/install-test-services.sh.';

/** A private PostgreSQL. */
export async function startPostgres(): Promise<DatabaseServer> {
  const bin = postgresBin();
  const folder = mkdtempSync(join(tmpdir(), 'umbel-pg-'));
  const user = ownFor('postgres', folder);
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, DATABASE_PASSWORD);
  const login = ['-U', 'umbel', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  run(user, join(bin, 'initdb'), ['-D', data, ...login, '--no-sync', '-E', 'UTF8']);
  const port = await freePort();
  const args = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1', '-F'];
  return serve(folder, port, 'postgresql', 'psycopg2', 'postgres', 'SIGINT', () =>
    launch(user, join(bin, 'postgres'), args),
  );
}

/** A private MariaDB. */
export async function startMariadb(): Promise<DatabaseServer> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-maria-'));
  const user = ownFor('mysql', folder);
  const data = join(folder, 'data');
  const common = ['--no-defaults', `--datadir=${data}`];
  run(user, 'mariadb-install-db', [...common, '--auth-root-authentication-method=normal', '--skip-test-db']);
  const port = await freePort();
  const args = [
    ...common,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 'sock')}`,
    // What was committed outlives the process.
    '--innodb-flush-log-at-trx-commit=2',
    // As lax as a server may be: cuts what is too long, and has few characters.
    '--sql-mode=',
    '--character-set-server=latin1',
    `--pid-file=${join(folder, 'pid')}`,
  ];
  const server = await serve(folder, port, 'mysql', 'pymysql', 'mysql', 'SIGTERM', () =>
    launch(user, existsSync('/usr/sbin/mariadbd') ? '/usr/sbin/mariadbd' : 'mariadbd', args),
  );
  run(null, 'mariadb', [
    '--no-defaults',
    `--socket=${join(folder, 'sock')}`,
    '-u',
    'root',
    '-e',
    `CREATE DATABASE results; CREATE USER umbel@'127.0.0.1' IDENTIFIED BY '${DATABASE_PASSWORD}'; GRANT ALL ON results.* TO umbel@'127.0.0.1'`,
  ]);
  return server;
}

async function serve(
  folder: string,
  port: number,
  scheme: string,
  driver: string,
  kind: 'postgres' | 'mysql',
  stopSignal: NodeJS.Signals,
  start: () => TestProcess,
): Promise<DatabaseServer> {
  const login = `umbel:${encodeURIComponent(DATABASE_PASSWORD)}`;
  const rest = `${login}@127.0.0.1:${port}/${kind === 'postgres' ? 'postgres' : 'results'}`;
  let server = start();
  const ready = (): Promise<void> => server.waitFor(/ready (to accept|for) connections/, START_LIMIT_MS);
  await ready();
  return {
    port,
    url: () => `db+${scheme}://${rest}`,
    pythonUrl: () => `db+${scheme}+${driver}://${rest}`,
    stop: async () => {
      await server.stop(stopSignal);
      rmSync(folder, { recursive: true, force: true });
    },
    restart: async (isKilled = false) => {
      // PostgreSQL's children outlive a SIGKILL of their parent.
      const killSignal = kind === 'postgres' ? 'SIGQUIT' : 'SIGKILL';
      await server.stop(isKilled ? killSignal : stopSignal);
      server = start();
      await ready();
    },
  };
}

/** Neither server runs as root: the folder and the process belong to the server's own user then. */
function ownFor(user: string, folder: string): string | null {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, user]).toString()));
  chownSync(folder, uid ?? 0, gid ?? 0);
  return user;
}

function command(user: string | null, program: string, args: readonly string[]): [string, string[]] {
  return user === null
    ? [program, [...args]]
    : ['setpriv', ['--reuid', user, '--regid', user, '--clear-groups', program, ...args]];
}

function run(user: string | null, program: string, args: readonly string[]): void {
  execFileSync(...command(user, program, args), { stdio: ['ignore', 'ignore', 'pipe'], cwd: tmpdir() });
}

function launch(user: string | null, program: string, args: readonly string[]): TestProcess {
  return new TestProcess(...command(user, program, args), { cwd: tmpdir() });
}

function postgresBin(): string {
  const root = '/usr/lib/postgresql';
  const [newest] = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  if (newest === undefined) throw new Error(`PostgreSQL is not installed. ${INSTALL}`);
  return join(root, newest, 'bin');
}
