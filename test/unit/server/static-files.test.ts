import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StaticFiles } from '../../../server/http/static-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-web-'));
const EXPORT: Readonly<Record<string, string>> = {
  'index.html': '<html><head><title>x</title></head><script>self.a="/__PFX__/_next"</script></html>',
  'tasks.html': '<html><head></head>tasks</html>',
  'tasks.txt': 'flight of tasks /__PFX__',
  'task/_.html': '<html><head></head>task</html>',
  'task/_.txt': 'flight of task',
  'task/_/__next.tree.txt': 'tree of task',
  'worker/_.html': '<html><head></head>worker</html>',
  '404.html': '<html><head></head>none</html>',
  '_next/static/a.js': `import("/__PFX__/x")${' '.repeat(2000)}`,
};

beforeAll(() => {
  for (const [name, text] of Object.entries(EXPORT)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (prefix: string): StaticFiles =>
  new StaticFiles(folder, { prefix, version: '1</script>', isReadOnly: false });
const textOf = (files: StaticFiles, path: string): string | undefined => files.find(path)?.body.toString();

describe('the exported pages', () => {
  it('are found by their addresses', () => {
    const files = load('');
    expect(textOf(files, '/')).toContain('<title>x');
    expect(textOf(files, '/tasks')).toContain('tasks');
    expect(textOf(files, '/tasks/')).toContain('tasks');
    expect(textOf(files, '/tasks.txt')).toContain('flight of tasks');
    expect(textOf(files, '/task/7c1e0f5a-1')).toContain('task</html>');
    expect(textOf(files, '/task/7c1e0f5a-1.txt')).toBe('flight of task');
    expect(textOf(files, '/task/7c1e0f5a-1/__next.tree.txt')).toBe('tree of task');
    expect(textOf(files, '/worker/w1%40host')).toContain('worker');
    expect(textOf(files, '/worker/a%2Fb')).toContain('worker');
    expect(textOf(files, '/worker/%E0%A4%A')).toContain('worker');
    for (const path of [
      '/nowhere',
      '/../package.json',
      '/%2e%2e/package.json',
      '//etc/passwd',
      '/%00',
      '/__proto__',
    ]) {
      expect(files.find(path)).toBeUndefined();
    }
    expect(files.notFound?.body.toString()).toContain('none');
  });

  it('get the prefix and the configuration written in, and a policy with the hash of each script', () => {
    const page = load('/flower').find('/');
    const html = page?.body.toString() ?? '';
    expect(html).toContain('self.a="/flower/_next"');
    expect(html).toContain(
      'window.__UMBEL__={"prefix":"/flower","version":"1\\u003c/script>","isReadOnly":false}',
    );
    const policy = page?.headers['content-security-policy'] ?? '';
    const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text);
    expect(scripts).toHaveLength(2);
    for (const text of scripts) expect(policy).toContain(createHash('sha256').update(text).digest('base64'));
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy.match(/script-src[^;]*/)?.[0]).not.toContain('unsafe');
  });

  it('are kept by browsers when their name tells their content', () => {
    const [plain, prefixed] = [load('').find('/_next/static/a.js'), load('/x').find('/_next/static/a.js')];
    expect(plain?.headers['cache-control']).toContain('immutable');
    expect(plain?.etag).not.toBe(prefixed?.etag);
    expect(gunzipSync(plain?.gzipped() ?? Buffer.alloc(0)).toString()).toContain('import("/x")');
    expect(load('').find('/tasks')?.headers['cache-control']).toBe('no-cache');
  });

  it('may be missing', () => {
    expect(
      new StaticFiles(join(folder, 'none'), { prefix: '', version: '1', isReadOnly: false }).isEmpty,
    ).toBe(true);
  });
});
