import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../lib/util/logger.ts';
import type { DashboardOptions } from '../../server/config.ts';
import { Dashboard } from '../../server/main.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
}

export interface TestDashboard {
  readonly dashboard: Dashboard;
  /** `http://localhost:<port>`, without the slash. */
  readonly origin: string;
  /** Calls the API; `body` is sent as JSON. */
  get(path: string, headers?: Record<string, string>): Promise<Answered>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  /** Asks until the answer is as wanted; throws with the last one when it does not come. */
  until(path: string, isWanted: (answer: Answered) => boolean, timeoutMs?: number): Promise<Answered>;
  stop(): Promise<void>;
}

/** A dashboard on a free port, its history in a folder of its own unless `data` is given. */
export async function startDashboard(options: DashboardOptions): Promise<TestDashboard> {
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'umbel-data-'));
  const dashboard = new Dashboard({ port: 0, data: folder, ...options }, { env: {}, logger: silentLogger });
  await dashboard.start();
  const origin = new URL(dashboard.url).origin;
  const call = async (path: string, init: RequestInit): Promise<Answered> => {
    const response = await fetch(origin + path, { redirect: 'manual', ...init });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answered> =>
    call(path, { headers });
  return {
    dashboard,
    origin,
    get,
    post: (path, body, headers = {}) =>
      call(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    until: async (path, isWanted, timeoutMs = 10_000) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const answer = await get(path);
        if (isWanted(answer)) return answer;
        if (Date.now() > deadline)
          throw new Error(`${path} answered ${answer.status} ${answer.text.slice(0, 2000)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    stop: async () => {
      await dashboard.stop();
      if (options.data === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
