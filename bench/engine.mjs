// The embedded engine beside redis-server in one run, both with every write on disk before it is answered.
//
//   npm run build:server && node bench/engine.mjs [requests per line, default 60000]
//
// 50 connections, one request at a time on each or 16 ahead; the client shares the machine, so trust the ratios.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REQUESTS = Number(process.argv[2] ?? 60_000);
const CONNECTIONS = 50;
const ENGINE =
  process.env.ENGINE_MODULE ?? fileURLToPath(new URL('../dist/server/engine/engine.js', import.meta.url));
const LF = 10;

if (!existsSync(ENGINE)) {
  console.error('The engine is not built. Run: npm run build:server');
  process.exit(1);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function startRedis(dir) {
  const port = await freePort();
  const child = spawn(
    'redis-server',
    [
      '--port',
      port,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--dir',
      dir,
    ],
    { stdio: 'ignore' },
  );
  await reachable(port);
  return { port, child };
}

async function startEngine(dataDir) {
  const port = await freePort();
  const code = `
    const { Engine } = await import(${JSON.stringify(ENGINE)});
    await new Engine({ port: ${port}, dataDir: ${JSON.stringify(dataDir)} }).start();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
  await reachable(port);
  return { port, child };
}

async function reachable(port) {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    const [isUp] = await Promise.race([
      once(socket, 'connect').then(() => [true]),
      new Promise((resolve) => socket.once('error', () => resolve([false]))),
    ]);
    socket.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`nothing listens on port ${port}`);
}

const encode = (...args) =>
  `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;

/** Every reply of a command has the same number of lines, so counting line ends counts replies. */
function commandsFor(size) {
  const value = 'x'.repeat(size);
  return [
    { name: 'SET', bytes: encode('SET', 'bench:key', value), lines: 1 },
    { name: 'GET', bytes: encode('GET', 'bench:key'), lines: 2 },
    { name: 'LPUSH', bytes: encode('LPUSH', 'bench:list', value), lines: 1 },
    { name: 'RPOP', bytes: encode('RPOP', 'bench:list'), lines: 2 },
  ];
}

/** Requests per second, all connections together. */
async function run(port, { bytes, lines }, ahead) {
  const share = Math.ceil(REQUESTS / CONNECTIONS);
  const sockets = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      return socket;
    }),
  );
  const burst = bytes.repeat(ahead);
  const startedAt = performance.now();
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve, reject) => {
          let ends = 0;
          let answered = 0;
          socket.on('error', reject);
          socket.on('data', (chunk) => {
            for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) ends += 1;
            while (ends >= ahead * lines) {
              ends -= ahead * lines;
              answered += ahead;
              if (answered >= share) resolve();
              else socket.write(burst);
            }
          });
          socket.write(burst);
        }),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  for (const socket of sockets) socket.destroy();
  return (Math.ceil(share / ahead) * ahead * CONNECTIONS) / seconds;
}

/** CPU seconds of a process so far. */
function cpuSeconds({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const dir = mkdtempSync(join(tmpdir(), 'umbel-bench-engine-'));
const redis = await startRedis(dir);
const engine = await startEngine(join(dir, 'engine'));
try {
  console.log(`requests/s, ${REQUESTS} a line, ${CONNECTIONS} connections, every write synced`);
  console.log('                        redis-server     engine   ratio');
  const ratios = [];
  for (const ahead of [1, 16]) {
    for (const size of [100, 1024]) {
      for (const command of commandsFor(size)) {
        if (ahead === 1 && size === 100) await run(engine.port, command, 16);
        const there = await run(redis.port, command, ahead);
        const here = await run(engine.port, command, ahead);
        ratios.push(here / there);
        const label = `${command.name} ${size} B${ahead > 1 ? `, ${ahead} ahead` : ''}`;
        const numbers = [there, here].map((value) => Math.round(value).toLocaleString('en').padStart(11));
        console.log(`${label.padEnd(24)}${numbers.join('')}   ${(here / there).toFixed(2)}`);
      }
    }
  }
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  console.log(`geometric mean of the ratios ${mean.toFixed(2)}, lowest ${Math.min(...ratios).toFixed(2)}`);
  console.log(`CPU seconds: redis-server ${cpuSeconds(redis.child)}, engine ${cpuSeconds(engine.child)}`);
} finally {
  redis.child.kill();
  engine.child.kill();
  await Promise.all([once(redis.child, 'exit'), once(engine.child, 'exit')]);
  rmSync(dir, { recursive: true, force: true });
}
