import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { toError, UmbelError } from '../../lib/contract/errors.ts';
import type { Logger } from '../../lib/util/logger.ts';
import type { Service } from '../../lib/util/service.ts';
import { readBody } from './body.ts';
import { refusalOf } from './errors.ts';
import type { Guard } from './guard.ts';
import { jsonText } from './json.ts';
import { MISSING_PAGE } from './missing-page.ts';
import type { Answer, Router } from './router.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import type { StaticFile, StaticFiles } from './static-files.ts';

const GZIP_FROM_BYTES = 1500;
const MAX_URL = 8192;

export interface HttpServerOptions<Context> {
  readonly address: string;
  readonly port: number;
  readonly prefix: string;
  readonly guard: Guard;
  readonly router: Router<Context>;
  readonly context: Context;
  readonly files: StaticFiles;
  readonly isReadOnly: boolean;
  readonly logger: Logger;
}

/** Serves pages and API. Each request is checked once, here, before anything of ours sees it. */
export class HttpServer<Context> implements Service {
  readonly server: Server;
  readonly #options: HttpServerOptions<Context>;

  constructor(options: HttpServerOptions<Context>) {
    this.#options = options;
    this.server = createServer({ maxHeaderSize: 16_384, requestTimeout: 60_000 }, (request, response) => {
      void this.#handle(request, response);
    });
  }

  /** Port it listens on: the one asked for, or the one it got for 0. */
  get port(): number {
    const bound = this.server.address();
    return bound !== null && typeof bound === 'object' ? bound.port : this.#options.port;
  }

  start(): Promise<void> {
    const { address, port, logger } = this.#options;
    if (this.server.listening) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException): void => reject(listenError(error, address, port));
      this.server.once('error', refuse);
      this.server.listen(port, address, () => {
        this.server.off('error', refuse);
        // One connection that could not be accepted, such as for want of file descriptors: the server goes on.
        this.server.on('error', (error) => logger.error(`The HTTP server: ${error.message}`));
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { guard } = this.#options;
      if (!guard.isHostAllowed(request)) {
        throw new UmbelError('forbidden', 'This host name is not served. Add it with --allowed-hosts.');
      }
      const { path, query } = this.#parse(request);
      if (path === null) {
        response.writeHead(302, { location: `${this.#options.prefix}/`, ...SECURITY_HEADERS }).end();
        return;
      }
      if (path === '/healthcheck') this.#sendText(response, 'OK');
      else if (path.startsWith('/api/')) await this.#answer(request, response, path, query);
      else this.#sendFile(request, response, path);
    } catch (error) {
      this.#refuse(request, response, error);
    }
  }

  /** Path below the prefix; null for the root when everything is below a prefix. */
  #parse(request: IncomingMessage): { path: string | null; query: URLSearchParams } {
    const { prefix } = this.#options;
    const target = request.url ?? '/';
    if (target.length > MAX_URL) throw new UmbelError('bad_request', 'The URL is too long.');
    const [path = '/', ...rest] = target.split('?');
    const query = new URLSearchParams(rest.join('?'));
    if (prefix === '') return { path, query };
    if (path === prefix) return { path: null, query };
    if (path.startsWith(`${prefix}/`)) return { path: path.slice(prefix.length), query };
    if (path === '/') return { path: null, query };
    throw new UmbelError('not_found', `Everything is below ${prefix}/ here.`);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<void> {
    const { router, context, guard, isReadOnly } = this.#options;
    const method = request.method ?? 'GET';
    const match = router.match(method === 'HEAD' ? 'GET' : method, path);
    if (method !== 'GET' && method !== 'HEAD' && !guard.isSameOrigin(request)) {
      throw new UmbelError('forbidden', 'A page of another site may not do this.');
    }
    if (match.kind === 'none') throw new UmbelError('not_found', 'There is nothing at this path.');
    if (match.kind === 'other_method') {
      response.setHeader('allow', match.allow);
      this.#send(request, response, 405, { error: { code: 'bad_request', message: `Use ${match.allow}.` } });
      return;
    }
    if (method === 'POST' && isReadOnly) throw new UmbelError('forbidden', 'Read only mode is enabled');
    const body = method === 'POST' ? await readBody(request) : {};
    const answer: Answer = await match.handler(context, { params: match.params, query, body });
    this.#send(request, response, answer.status, answer.body);
  }

  #sendFile(request: IncomingMessage, response: ServerResponse, path: string): void {
    const { files } = this.#options;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new UmbelError('not_found', 'There is nothing at this path.');
    }
    if (files.isEmpty) {
      writeFile(request, response, 503, MISSING_PAGE);
      return;
    }
    const file = files.find(path);
    if (file) writeFile(request, response, 200, file);
    else if (files.notFound) writeFile(request, response, 404, files.notFound);
    else throw new UmbelError('not_found', 'There is no such page.');
  }

  #send(request: IncomingMessage, response: ServerResponse, status: number, body: unknown): void {
    const raw = Buffer.from(jsonText(body));
    const isZipped = raw.length > GZIP_FROM_BYTES && acceptsGzip(request);
    const bytes = isZipped ? gzipSync(raw, { level: 3 }) : raw;
    response.writeHead(status, {
      ...SECURITY_HEADERS,
      'content-type': 'application/json; charset=UTF-8',
      'cache-control': 'no-store',
      'content-length': bytes.length,
      ...(isZipped ? { 'content-encoding': 'gzip', vary: 'accept-encoding' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  #sendText(response: ServerResponse, text: string): void {
    response.writeHead(200, {
      ...SECURITY_HEADERS,
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    });
    response.end(text);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    const { status, body } = refusalOf(thrown);
    if (status === 500) {
      const error = toError(thrown);
      this.#options.logger.error(
        `${request.method} ${request.url?.slice(0, 200)} failed: ${error.stack ?? error.message}`,
      );
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // What is left of a refused body is not read.
    if (!request.complete) response.setHeader('connection', 'close');
    this.#send(request, response, status, body);
  }
}

function writeFile(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  file: StaticFile,
): void {
  const headers = { ...SECURITY_HEADERS, ...file.headers, etag: file.etag, vary: 'accept-encoding' };
  if (status === 200 && request.headers['if-none-match'] === file.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const gzipped = acceptsGzip(request) ? file.gzipped() : null;
  const body = gzipped ?? file.body;
  response.writeHead(status, {
    ...headers,
    'content-length': body.length,
    ...(gzipped ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function acceptsGzip(request: IncomingMessage): boolean {
  return String(request.headers['accept-encoding'] ?? '').includes('gzip');
}

function listenError(error: NodeJS.ErrnoException, address: string, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    return new UmbelError(
      'conflict',
      `Port ${port} is in use on ${address}. Stop what listens there, or use --port.`,
    );
  }
  if (['EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(error.code ?? '')) {
    return new UmbelError(
      'bad_config',
      `Cannot listen on ${address}:${port} (${error.code}). Use --address and --port.`,
    );
  }
  return error;
}
