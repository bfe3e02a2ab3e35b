import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** The part of a request that is judged. */
export interface Asked {
  readonly headers: IncomingHttpHeaders;
}

export interface GuardOptions {
  /** Address it listens on. */
  readonly address: string;
  /** Names by which pages may reach it besides this machine's own (a reverse proxy's); `*` for any. */
  readonly allowedHosts: readonly string[];
}

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);
const ANY_ADDRESS = new Set(['0.0.0.0', '::', '']);

/**
 * Keeps foreign sites out. A browser sends the name it was asked to open as Host, so a name that is not ours means
 * DNS rebinding; and it tells on every change from which site the page came. Programs without a browser send neither
 * Origin nor Sec-Fetch-Site and are let in: they could write any header anyway.
 */
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #isAnyHost: boolean;
  readonly #isAnyIp: boolean;

  constructor({ address, allowedHosts }: GuardOptions) {
    const own = address.includes(':') ? `[${address}]` : address;
    this.#isAnyIp = ANY_ADDRESS.has(address);
    const machine = this.#isAnyIp ? [hostname()] : [own];
    this.#hosts = new Set([...LOCAL, ...[...machine, ...allowedHosts].map((host) => host.toLowerCase())]);
    this.#isAnyHost = allowedHosts.includes('*');
  }

  isHostAllowed(request: Asked): boolean {
    const name = hostName(request.headers.host);
    if (name === null) return false;
    // An address as name cannot be rebound: whoever listens on all addresses may be asked by any of them.
    const isIp = isIP(name.replace(/^\[|\]$/g, '')) !== 0;
    return this.#isAnyHost || this.#hosts.has(name) || (this.#isAnyIp && isIp);
  }

  /** Whether a request that changes something comes from our own pages or from no page at all. */
  isSameOrigin({ headers }: Asked): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
    const { origin, host } = headers;
    if (origin === undefined) return true;
    return host !== undefined && originHost(origin) === host.toLowerCase();
  }

  /** Both checks: for the handshake of the live connection. */
  isTrusted(request: Asked): boolean {
    return this.isHostAllowed(request) && this.isSameOrigin(request);
  }
}

/** `localhost:5555` → `localhost`, `[::1]:5555` → `[::1]`; null for what is no host. */
function hostName(host: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(host ?? '');
  return match?.[1]?.toLowerCase() ?? null;
}

function originHost(origin: string): string | null {
  try {
    return new URL(origin).host.toLowerCase();
  } catch {
    // `null`, which sandboxed frames and files send.
    return null;
  }
}
