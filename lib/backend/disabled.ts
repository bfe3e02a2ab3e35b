import { UmbelError } from '../contract/errors.ts';
import type { ResultMeta } from '../protocol/result.ts';
import type { ResultBackend } from './backend.ts';

/** Celery's `disabled://`: results go nowhere, and whoever asks for one is told so. */
export class DisabledBackend implements ResultBackend {
  readonly displayUrl = 'disabled://';

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async store(): Promise<void> {}

  async forget(): Promise<void> {}

  get(): Promise<ResultMeta | null> {
    return Promise.reject(notConfigured());
  }

  wait(): Promise<ResultMeta> {
    return Promise.reject(notConfigured());
  }

  watch(): Promise<() => Promise<void>> {
    return Promise.reject(notConfigured());
  }
}

function notConfigured(): UmbelError {
  return new UmbelError(
    'unsupported',
    'No result backend is configured, so results are not kept. Give the app a `backend`, such as redis://localhost:6379/1.',
  );
}
