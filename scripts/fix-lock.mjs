// Puts back into package-lock.json the optional packages of other platforms that npm drops when its
// registry does not serve them. Without them `npm ci` stops with "Missing … from lock file", and other
// platforms would get no native binary. Run after every change of the lock: `npm run fix-lock`.
// With --check it changes nothing and fails when an entry is missing.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const packages = lock.packages;
const added = [];

/** Finds where npm would install `name` for the package at `from`: nested first, then hoisted. */
function isLocked(name, from) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (packages[`${at}${at ? '/' : ''}node_modules/${name}`]) return true;
    if (!at) return false;
  }
}

/** Reads os, cpu and libc from a platform package's name, e.g. @next/swc-linux-x64-musl. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const find = (known) => words.filter((word) => known.includes(word));
  const os = find(['darwin', 'win32', 'android', 'freebsd', 'linux', 'openbsd', 'netbsd', 'sunos', 'aix']);
  const cpu = find([
    'x64',
    'arm64',
    'arm',
    'ia32',
    'wasm32',
    'ppc64',
    'riscv64',
    's390x',
    'loong64',
    'mips64el',
  ]);
  return { ...(cpu.length && { cpu }), ...(os.length && { os }) };
}

for (const [at, entry] of Object.entries({ ...packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isLocked(name, at) || !/^\d/.test(version)) continue;
    packages[`node_modules/${name}`] = { version, ...platformOf(name), dev: entry.dev, optional: true };
    added.push(`${name}@${version}`);
  }
}

const resolved = Object.values(packages).filter((entry) => entry.resolved?.startsWith('http'));
for (const entry of resolved) delete entry.resolved;

if (process.argv.includes('--check')) {
  if (added.length || resolved.length) {
    process.stderr.write(
      `package-lock.json needs \`npm run fix-lock\`: ${added.join(', ')} missing, ${resolved.length} download addresses\n`,
    );
    process.exit(1);
  }
} else {
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(added.length ? `added ${added.join(', ')}\n` : 'nothing was missing\n');
}
