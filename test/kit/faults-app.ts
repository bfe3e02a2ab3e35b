import { setTimeout as sleep } from 'node:timers/promises';
import { Celery } from 'umbel';
import { Ledger } from './ledger.ts';

/*
 * The app of the fault tests: bodies that write in the ledger when they begin and when they end. Broker and result
 * store come from the environment, as a user's would; `LEDGER` names the books, `LEASE` and
 * `VISIBILITY_TIMEOUT` are in seconds.
 */

const ledger = new Ledger(process.env['LEDGER']);

export const app = new Celery('faults', {
  broker_transport_options: {
    lease: Number(process.env['LEASE'] ?? 2),
    visibility_timeout: Number(process.env['VISIBILITY_TIMEOUT'] ?? 3600),
  },
});

async function run(id: string, ms: number): Promise<string> {
  ledger.began(id);
  await sleep(ms);
  ledger.ended(id);
  return id;
}

app.task('f.late', { acksLate: true }, run);
app.task('f.early', { trackStarted: true }, run);
app.task('f.joined', { acksLate: true }, async (values: string[], id: string) => {
  await run(id, 0);
  return values.length;
});
