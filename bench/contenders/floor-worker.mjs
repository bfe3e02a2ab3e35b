// The least that a worker of Celery's protocol on Redis can do: `node floor-worker.mjs PORT`. Two lanes take turns: while
// one batch runs, the next is fetched; a task is parsed, "run", and its ack and result are written with its batch's.
// No ETA, no routing, no retries, no events, no limits, no recovery: what a real worker adds, it adds to this.
import { createRequire } from 'node:module';
import { STORE } from '../../dist/lib/backend/redis/scripts.js';
import { ACK, FETCH } from '../../dist/lib/transport/redis/scripts.js';

const { Redis } = createRequire(import.meta.url)('ioredis');
const port = Number(process.argv[2]);
const BATCH = 100;
const broker = () => new Redis({ port, host: '127.0.0.1', db: 0 });
const results = new Redis({ port, host: '127.0.0.1', db: 1 });
let fetches = 0;

async function lane() {
  const client = broker();
  const keys = ['unacked', 'unacked_index', 'umbel.parked', 'celery'];
  for (;;) {
    fetches += 1;
    const prefix = `umbel:floor:${fetches}:`;
    const args = [BATCH, prefix, '0', '1', '', '"celery"'];
    const reply = await client.evalsha(FETCH.sha, keys.length, ...keys, ...args);
    if (reply.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    const [tags, names, texts] = [[], [], []];
    for (let at = 0; at < reply.length; at += 2) {
      const { body, headers } = JSON.parse(reply[at + 1]);
      JSON.parse(Buffer.from(body, 'base64').toString());
      tags.push(`${prefix}${at / 2 + 1}`);
      names.push(`celery-task-meta-${headers.id}`);
      texts.push(
        `{"status": "SUCCESS", "result": null, "traceback": null, "children": [], "date_done": "${new Date().toISOString()}", "task_id": "${headers.id}"}`,
      );
    }
    await Promise.all([
      client.evalsha(ACK.sha, 2, 'unacked', 'unacked_index', ...tags),
      results.evalsha(STORE.sha, names.length, ...names, 86_400, ...texts),
    ]);
  }
}

const setup = broker();
for (const { lua } of [FETCH, ACK, STORE]) await setup.script('LOAD', lua);
setup.disconnect();
process.on('SIGTERM', () => process.exit(0));
await Promise.all([lane(), lane()]);
