import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { PageConfig } from '../../lib/contract/api.ts';
import { contentSecurityPolicy } from './security-headers.ts';

const PLACEHOLDER = '/__PFX__';
const TEXT_TYPES = new Set(['.html', '.js', '.css', '.txt', '.json', '.svg', '.webmanifest', '.map']);
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/x-component; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

export interface StaticFile {
  readonly body: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Made at the first call; null where it does not pay. */
  gzipped(): Buffer | null;
}

/** Pages below these are exported once, under `_`, and serve every name. */
const DYNAMIC = /^\/(task|worker)\/[^/]+/;
const DYNAMIC_DATA = /^\/(task|worker)\/[^/]+\.txt$/;

/** The exported pages, read into memory at start with the URL prefix and the configuration written in. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();
  readonly #config: PageConfig;

  constructor(directory: string, config: PageConfig) {
    this.#config = config;
    for (const path of listFiles(directory)) {
      const name = `/${relative(directory, path).split(sep).join('/')}`;
      this.#files.set(name, this.#prepare(name, readFileSync(path)));
    }
  }

  get isEmpty(): boolean {
    return !this.#files.has('/index.html');
  }

  /**
   * The file for a path without prefix, still percent-encoded: itself, the page of that name, or the page that serves
   * all such names.
   */
  find(path: string): StaticFile | undefined {
    const candidates = [
      decodePath(path),
      // The page's data for client-side navigation: `/task/<id>.txt`.
      path.replace(DYNAMIC_DATA, '/$1/_.txt'),
      path.replace(DYNAMIC, '/$1/_'),
    ];
    for (const candidate of candidates) {
      const name = candidate.length > 1 && candidate.endsWith('/') ? candidate.slice(0, -1) : candidate;
      const found =
        this.#files.get(name) ??
        this.#files.get(name === '/' ? '/index.html' : `${name}.html`) ??
        this.#files.get(`${name}/index.html`);
      if (found) return found;
    }
    return undefined;
  }

  get notFound(): StaticFile | undefined {
    return this.#files.get('/404.html');
  }

  #prepare(name: string, raw: Buffer): StaticFile {
    const extension = extname(name);
    const type = TYPES[extension] ?? 'application/octet-stream';
    let body = raw;
    const headers: Record<string, string> = { 'content-type': type };
    if (TEXT_TYPES.has(extension)) {
      let text = raw.toString('utf8').replaceAll(PLACEHOLDER, this.#config.prefix);
      if (extension === '.html') {
        text = text.replace(/<head[^>]*>/i, (head) => `${head}${configScript(this.#config)}`);
        headers['content-security-policy'] = contentSecurityPolicy(text);
      }
      body = Buffer.from(text);
    }
    headers['cache-control'] = name.startsWith('/_next/static/')
      ? 'public, max-age=31536000, immutable'
      : 'no-cache';
    return staticFile(body, headers, TEXT_TYPES.has(extension));
  }
}

/** What is no valid encoding names no file. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** A file made in memory. */
export function staticFile(
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  isText: boolean,
): StaticFile {
  let gzipped: Buffer | null | undefined;
  return {
    body,
    headers,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    gzipped: () => {
      if (gzipped === undefined) gzipped = isText && body.length > 1000 ? gzipSync(body) : null;
      return gzipped;
    },
  };
}

/** `<` is escaped so that no value can end the script. */
function configScript(config: PageConfig): string {
  return `<script>window.__UMBEL__=${JSON.stringify(config).replaceAll('<', '\\u003c')}</script>`;
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.path, entry.name));
  } catch {
    // No export yet: the server says how to build it.
    return [];
  }
}
