import { inspect } from 'node:util';
import { maskText } from './mask.ts';

/** Ends the process on an error that nobody caught, as Node does it, but without the secrets that errors carry along. */
export function crash(thrown: unknown): never {
  process.stderr.write(`${maskText(inspect(thrown))}\n`);
  process.exit(1);
}
