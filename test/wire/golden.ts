import { readFileSync } from 'node:fs';

/** A recorded message: its exact text, and the same decoded. */
export interface GoldenMessage {
  readonly raw: string;
  readonly headers: Record<string, unknown>;
  readonly properties: Record<string, unknown>;
  readonly body?: unknown;
  readonly channel?: string;
}

/** What Celery 5.6.2 put on Redis: see golden/README.md. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8'));
}

/** Every recorded task message with the name of its call and its number there. */
export function goldenTaskMessages(): [title: string, message: GoldenMessage][] {
  const calls = golden<Record<string, Record<string, GoldenMessage[]>>>('task-messages');
  return Object.entries(calls).flatMap(([call, queues]) =>
    Object.entries(queues)
      .filter(([queue]) => queue !== 'bindings')
      .flatMap(([, messages]) =>
        messages.map((message, index): [string, GoldenMessage] => [`${call} ${index}`, message]),
      ),
  );
}

export function goldenTaskMessage(call: string): GoldenMessage {
  const found = goldenTaskMessages().find(([title]) => title === `${call} 0`);
  if (!found) throw new Error(`no golden message "${call}"`);
  return found[1];
}
