// The embedded engine alone, with its log on disk: `node engine-server.mjs PORT`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineHost } from '../dist/server/engine/host.js';

const dataDir = mkdtempSync(join(tmpdir(), 'umbel-bench-'));
const engine = new EngineHost({ port: Number(process.argv[2]), dataDir });
await engine.start();
console.log('listening');
process.on('SIGTERM', async () => {
  await engine.stop();
  rmSync(dataDir, { recursive: true, force: true });
  process.exit(0);
});
