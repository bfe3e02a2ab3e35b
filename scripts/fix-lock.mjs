// Puts back into the lock files the optional packages of other platforms that npm drops when its
// registry does not serve them. Without them `npm ci` stops with "Missing … from lock file", and other
// platforms would get no native binary. Run after every change of a lock: `npm run fix-lock`.
// With --check it changes nothing and fails when an entry is missing.
import { readFileSync, writeFileSync } from 'node:fs';

const OS = ['darwin', 'win32', 'android', 'freebsd', 'linux', 'openbsd', 'netbsd', 'sunos', 'aix'];
const CPU = ['x64', 'arm64', 'arm', 'ia32', 'wasm32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el'];

/** Finds where npm would install `name` for the package at `from`: nested first, then hoisted. */
function isLocked(packages, name, from) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (packages[`${at}${at ? '/' : ''}node_modules/${name}`]) return true;
    if (!at) return false;
  }
}

/** Reads os and cpu from a platform package's name, e.g. @next/swc-linux-x64-musl. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = words.filter((word) => OS.includes(word));
  const cpu = words.filter((word) => CPU.includes(word));
  return { ...(cpu.length && { cpu }), ...(os.length && { os }) };
}

/** Adds what is missing and takes the download addresses out; says what it did. */
function mend(packages) {
  const added = [];
  for (const [at, entry] of Object.entries({ ...packages })) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isLocked(packages, name, at) || !/^\d/.test(version)) continue;
      packages[`node_modules/${name}`] = { version, ...platformOf(name), dev: entry.dev, optional: true };
      added.push(`${name}@${version}`);
    }
  }
  const resolved = Object.values(packages).filter((entry) => entry.resolved?.startsWith('http'));
  for (const entry of resolved) delete entry.resolved;
  return { added, addresses: resolved.length };
}

const isCheck = process.argv.includes('--check');
for (const path of ['package-lock.json', 'bench/package-lock.json']) {
  const file = new URL(`../${path}`, import.meta.url);
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const { packages } = lock;
  const { added, addresses } = mend(packages);
  if (isCheck) {
    if (added.length === 0 && addresses === 0) continue;
    process.stderr.write(
      `${path} needs \`npm run fix-lock\`: ${added.join(', ')} missing, ${addresses} download addresses\n`,
    );
    process.exitCode = 1;
    continue;
  }
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`${path}: ${added.length ? `added ${added.join(', ')}` : 'nothing was missing'}\n`);
}
