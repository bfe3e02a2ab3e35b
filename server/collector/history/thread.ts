// The history's thread: one store, calls served in their order. Started by threaded-history.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { toError, UmbelError } from '../../../lib/contract/errors.ts';
import { HistoryStore } from './store.ts';
import { callSchema } from './thread-messages.ts';

const store = new HistoryStore(z.object({ path: z.string() }).parse(workerData).path);
parentPort?.postMessage({ ready: true, notice: store.notice });

parentPort?.on('message', (message: unknown) => {
  const { id, method, args } = callSchema.parse(message);
  if (method === 'close') {
    store.close();
    parentPort?.close();
    return;
  }
  try {
    parentPort?.postMessage({ id, ok: true, value: call(method, args) });
  } catch (error) {
    const code = error instanceof UmbelError ? error.code : 'internal';
    parentPort?.postMessage({ id, ok: false, code, message: toError(error).message });
  }
});

function call(method: string, args: readonly unknown[]): unknown {
  const target: unknown = Reflect.get(store, method);
  if (typeof target !== 'function') throw new Error(`The history has no ${method}.`);
  return Reflect.apply(target, store, args);
}
