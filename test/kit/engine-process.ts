import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The engine compiled to a directory of its own, for tests that need it in another process or thread. */
export interface EngineBuild {
  /** URL of a compiled module, such as `server/engine/host.js`. */
  url(module: string): string;
  remove(): void;
}

export function buildEngine(): EngineBuild {
  const dir = mkdtempSync(join(tmpdir(), 'umbel-engine-build-'));
  const config = join(dir, 'tsconfig.json');
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.build.json'),
      compilerOptions: {
        rootDir: ROOT,
        outDir: dir,
        declaration: false,
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      include: [join(ROOT, 'server/engine')],
    }),
  );
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  execFileSync(process.execPath, [join(ROOT, 'scripts/tsc.mjs'), '-p', config], { stdio: 'inherit' });
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  return {
    url: (module) => pathToFileURL(join(dir, module)).href,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export interface EngineProcess {
  readonly port: number;
  readonly pid: number;
  /** Milliseconds from the start of the engine (not of Node) to readiness. */
  readonly startMs: number;
  /** What it logged so far. */
  log(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts an engine in a process of its own, on a free port. `options` go to its constructor. */
export async function startEngineProcess(
  build: EngineBuild,
  options: Readonly<Record<string, unknown>>,
): Promise<EngineProcess> {
  const code = `
    import { Engine } from ${JSON.stringify(build.url('server/engine/engine.js'))};
    const log = (message) => console.error(message);
    const logger = { debug() {}, info: log, warning: log, error: log, critical: log, isEnabled: () => true };
    const engine = new Engine({ port: 0, logger, ...${JSON.stringify(options)} });
    // Writing beyond a limit on file sizes is to fail, not to end the process.
    process.on('SIGXFSZ', () => {});
    process.on('SIGTERM', () => void engine.stop().then(() => process.exit(0)));
    const startedAt = performance.now();
    await engine.start();
    console.log(engine.port + ' ' + (performance.now() - startedAt));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const [port = 0, startMs = 0] = (await firstLine(child, () => log)).split(' ').map(Number);
  return {
    port,
    pid: child.pid ?? 0,
    startMs,
    log: () => log,
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}

function firstLine(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('\n')) resolve(text.trim());
    });
    child.once('exit', (code) => reject(new Error(`the engine ended with ${code}: ${log()}`)));
  });
}
