import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import { toError, UmbelError } from '../contract/errors.ts';
import { maskUrl } from '../util/mask.ts';
import { unquote } from './url.ts';

export interface ManagedQueue {
  readonly name: string;
  readonly messages: number;
  readonly unacked: number;
  readonly consumers: number;
  /** Absent while the broker does not measure it. */
  readonly inPerSecond?: number;
  readonly outPerSecond?: number;
}

export interface ManagedBinding {
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
}

/** Rates over the last 20 seconds: what the API calls `rate` is often 0 in between (seen on 3.10). */
const RATES = 'msg_rates_age=20&msg_rates_incr=5';
const QUEUE_COLUMNS = [
  'name',
  'messages_ready',
  'messages_unacknowledged',
  'consumers',
  'message_stats.publish_details.avg_rate',
  'message_stats.deliver_get_details.avg_rate',
];
/** Less than the dashboard waits for lengths: then it asks the broker itself. */
const TIMEOUT_MS = 2_500;
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * RabbitMQ's management API: `http://user:password@host:15672/api/`. Certificates of https are checked; answers are
 * bounded in time and size.
 */
export class ManagementApi {
  readonly #url: URL;
  readonly #display: string;
  readonly #vhost: string;

  /** Throws `UmbelError('bad_config')`. */
  constructor(url: string, vhost: string) {
    this.#display = maskUrl(url);
    this.#vhost = encodeURIComponent(vhost);
    try {
      this.#url = new URL(url.endsWith('/') ? url : `${url}/`);
    } catch {
      throw bad(this.#display);
    }
    if (!/^https?:$/.test(this.#url.protocol)) throw bad(this.#display);
  }

  /** Every queue of the vhost. */
  async queues(): Promise<ManagedQueue[]> {
    const rows = await this.#get(`queues/${this.#vhost}?${RATES}&columns=${QUEUE_COLUMNS.join(',')}`);
    return rows.map((row) => ({
      name: String(row['name']),
      messages: count(row['messages_ready']),
      unacked: count(row['messages_unacknowledged']),
      consumers: count(row['consumers']),
      ...rates(row['message_stats']),
    }));
  }

  /** Every binding of a queue to a named exchange. */
  async bindings(): Promise<ManagedBinding[]> {
    const rows = await this.#get(`bindings/${this.#vhost}`);
    return rows
      .filter((row) => row['destination_type'] === 'queue' && row['source'] !== '')
      .map((row) => ({
        queue: String(row['destination']),
        exchange: String(row['source']),
        routingKey: String(row['routing_key']),
      }));
  }

  async #get(path: string): Promise<Record<string, unknown>[]> {
    let text: string;
    try {
      text = await fetchText(new URL(path, this.#url));
    } catch (error) {
      const { message } = toError(error);
      const advice = /certificate/i.test(message) ? ' (name its authority in NODE_EXTRA_CA_CERTS)' : '';
      throw this.#failed(`does not answer: ${message}${advice}`, error);
    }
    const rows = parse(text);
    if (!Array.isArray(rows)) throw this.#failed('answers something else than a list');
    return rows.filter((row) => row !== null && typeof row === 'object');
  }

  #failed(text: string, cause?: unknown): UmbelError {
    return new UmbelError('unavailable', `The management API at ${this.#display} ${text}.`, { cause });
  }
}

function fetchText(url: URL): Promise<string> {
  const { username, password } = url;
  const login = `${unquote(username) || 'guest'}:${unquote(password) || 'guest'}`;
  const target = new URL(url);
  target.username = '';
  target.password = '';
  const request = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asking = request(
      target,
      {
        headers: { authorization: `Basic ${Buffer.from(login).toString('base64')}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_BYTES) asking.destroy(new Error(`more than ${MAX_BYTES} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
          else reject(new Error(refusal(response.statusCode)));
        });
      },
    );
    asking.on('error', reject);
    asking.end();
  });
}

function refusal(status: number | undefined): string {
  if (status === 401) return 'it refuses the login, or that user may not see it (tag "monitoring")';
  return status === 404 ? 'it has no such vhost, or is no management API' : `it answered ${status}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const Rate = z.object({ avg_rate: z.number() }).optional();
const MessageStats = z.object({ publish_details: Rate, deliver_get_details: Rate });

function rates(stats: unknown): Pick<ManagedQueue, 'inPerSecond' | 'outPerSecond'> {
  const { data } = MessageStats.safeParse(stats);
  if (!data) return {};
  // What was never sent or taken has no rate.
  return {
    inPerSecond: data.publish_details?.avg_rate ?? 0,
    outPerSecond: data.deliver_get_details?.avg_rate ?? 0,
  };
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function bad(display: string): UmbelError {
  return new UmbelError(
    'bad_config',
    `The URL of the management API is no use: ${display}. Write http://user:password@host:15672/api/`,
  );
}
