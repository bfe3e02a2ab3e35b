import { readFileSync } from 'node:fs';

/** Version of the package, read from its package.json (the sources sit two folders below it, the build three). */
export const VERSION: string = readVersion(['../../package.json', '../../../package.json']);

function readVersion(candidates: readonly string[]): string {
  for (const candidate of candidates) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(candidate, import.meta.url), 'utf8'));
      if (manifest !== null && typeof manifest === 'object' && 'version' in manifest)
        return String(manifest.version);
    } catch {
      // not here: the other layout
    }
  }
  return 'unknown';
}
