import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Celery, Reject, Task } from 'umbel';

/* Tasks whose handlers write down what they see of the stored state, into the file of END_NOTES. */

export const app = new Celery('ends', { broker_transport_options: { lease: 2 } });

const file = process.env['END_NOTES'] ?? '/dev/null';

async function note(what: string, id: string): Promise<void> {
  const state = await app.AsyncResult(id).status();
  appendFileSync(file, `${JSON.stringify({ what, id, state })}\n`);
}

/** Until a test makes the file. */
async function gate(id: string): Promise<void> {
  while (!existsSync(`${file}.${id}`)) await sleep(10);
}

/** What a run and its handlers are to do. */
interface Script {
  readonly body?: 'fail' | 'retry' | 'reject';
  readonly onSuccess?: 'throw' | 'wait' | 'wait politely' | 'kill';
}

class Told extends Task<[Script?], number> {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }

  override async beforeStart(id: string): Promise<void> {
    await note('beforeStart', id);
  }

  run({ body }: Script = {}): number {
    const { retries } = this.request;
    if (body === 'fail') throw new RangeError('as told');
    if (body === 'reject') throw new Reject('as told');
    if (body === 'retry' && retries === 0) this.retry({ countdown: 0.5, exc: new RangeError('again') });
    return retries;
  }

  override async onSuccess(_value: unknown, id: string, [script]: readonly unknown[]): Promise<void> {
    await note(`onSuccess of ${this.request.id === id ? 'its request' : 'nothing'}`, id);
    const { onSuccess } = (script ?? {}) as Script;
    if (onSuccess === 'throw') throw new RangeError('the handler fails');
    if (onSuccess === 'kill') process.kill(process.pid, 'SIGKILL');
    if (onSuccess === 'wait') await gate(id);
    if (onSuccess !== 'wait politely') return;
    await sleep(20_000, undefined, { signal: this.request.signal }).catch(() => {});
    await note(`aborted: ${this.request.signal.reason?.name}`, id);
  }

  override async onFailure(_error: unknown, id: string): Promise<void> {
    await note('onFailure', id);
  }

  override async onRetry(error: unknown, id: string): Promise<void> {
    await note(`onRetry ${String(error)}`, id);
  }

  override async afterReturn(status: string, _value: unknown, id: string): Promise<void> {
    await note(`afterReturn ${status}`, id);
  }
}

app.tasks.register(new Told('e.told'));
const late = new Told('e.late');
late.acksLate = true;
app.tasks.register(late);
app.task('e.plain', (value: unknown) => value);
app.task('e.fail', () => {
  throw new RangeError('plainly');
});
app.task('e.look', { bind: true }, async (self, failedId: unknown) => {
  const id = typeof failedId === 'string' ? failedId : (self.request.parentId ?? '');
  return app.AsyncResult(id).status();
});

app.on('task_success', ({ taskId }) => note('task_success', taskId));
app.on('task_failure', ({ taskId }) => note('task_failure', taskId));
app.on('task_retry', ({ taskId }) => note('task_retry', taskId));
app.on('task_postrun', ({ taskId, state }) => note(`task_postrun ${state}`, taskId));
app.on('task_internal_error', ({ taskId }) => note('task_internal_error', taskId));
