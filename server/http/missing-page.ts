import { contentSecurityPolicy } from './security-headers.ts';
import { type StaticFile, staticFile } from './static-files.ts';

const HTML = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Umbel</title></head>
<body>
<h1>Umbel runs, its pages are not built yet</h1>
<p>In the checkout, run <code>npm run build:web</code> (about a minute) and start again.</p>
<p>The HTTP API works without them: <a href="api/workers">api/workers</a>, <a href="api/tasks">api/tasks</a>.</p>
</body>
</html>
`;

/** What is shown in place of pages that were not exported. */
export const MISSING_PAGE: StaticFile = staticFile(
  Buffer.from(HTML),
  {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': contentSecurityPolicy(HTML),
  },
  true,
);
