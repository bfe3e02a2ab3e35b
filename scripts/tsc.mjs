// Runs the native TypeScript compiler. The JavaScript one stays installed beside it only because
// dependency-cruiser reads type-only imports through its API, which the native compiler does not have.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const compiler = fileURLToPath(new URL('../node_modules/typescript-native/bin/tsc', import.meta.url));
const { status } = spawnSync(process.execPath, [compiler, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
