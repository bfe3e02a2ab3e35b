import { NATIVE_CLAIMS } from './claims.ts';
import { NATIVE_FETCH } from './fetch.ts';
import { NATIVE_LOCK } from './redis-py-lock.ts';
import { NATIVE_BACKEND } from './store.ts';
import type { NativeScript } from './table.ts';
import { NATIVE_TRANSPORT } from './transport.ts';

/** Asked by clients that only want to know whether scripts work. */
const PROBE: NativeScript = { lua: 'return 1', run: ({ reply }) => reply.integer(1) };

/** Every script that the engine runs. To teach it one more, write its twin and add it here. */
export const NATIVE_SCRIPTS: readonly NativeScript[] = [
  NATIVE_FETCH,
  ...NATIVE_TRANSPORT,
  ...NATIVE_CLAIMS,
  ...NATIVE_BACKEND,
  ...NATIVE_LOCK,
  PROBE,
];
