import type { PageConfig } from '../../lib/contract/api.ts';

declare global {
  interface Window {
    readonly __UMBEL__?: Partial<PageConfig>;
  }
}

/** What the server wrote into the page; sensible defaults where it wrote nothing (a plain file server). */
export function readPageConfig(): PageConfig {
  const given = typeof window === 'undefined' ? undefined : window.__UMBEL__;
  return {
    prefix: typeof given?.prefix === 'string' ? given.prefix : '',
    version: typeof given?.version === 'string' ? given.version : '',
    isReadOnly: given?.isReadOnly === true,
  };
}
