import { UmbelError } from '../../lib/contract/errors.ts';
import { isRecord } from '../../lib/protocol/record.ts';
import type { Request } from '../http/router.ts';

/** An argument of Flower's API: in the query, else in the body. Undefined when absent or empty. */
export function argument({ query, body }: Request, name: string): string | undefined {
  const value = query.get(name) ?? (isRecord(body) ? body[name] : undefined);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'object') throw new UmbelError('bad_request', `Invalid argument '${name}'`);
  return String(value);
}

/** An argument that must be there. */
export function demandArgument(request: Request, name: string): string {
  const value = argument(request, name);
  if (value === undefined) throw new UmbelError('bad_request', `The argument '${name}' is missing.`);
  return value;
}

/** A whole number between two bounds. */
export function integerArgument(
  request: Request,
  name: string,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): number {
  const value = argument(request, name);
  if (value === undefined) return fallback;
  const number = /^[+-]?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(number))
    throw new UmbelError('bad_request', `Invalid argument '${value.slice(0, 40)}' of type 'int'`);
  if (number < min || number > max) {
    throw new UmbelError('bad_request', `The argument '${name}' must be between ${min} and ${max}.`);
  }
  return number;
}

/** Seconds, also with a fraction; undefined when absent. */
export function secondsArgument(request: Request, name: string): number | undefined {
  const value = argument(request, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isFinite(number) || number < 0) {
    throw new UmbelError('bad_request', `Invalid argument '${value.slice(0, 40)}' of type 'float'`);
  }
  return number;
}

/** `1`, `true`, `yes`, `on`, as Flower reads them. */
export function flagArgument(request: Request, name: string): boolean {
  const value = argument(request, name)?.toLowerCase();
  return value !== undefined && ['1', 'true', 'yes', 'on', 't', 'y'].includes(value);
}

/** A part of the path that the route has. */
export function param({ params }: Request, name: string): string {
  const value = params.get(name);
  if (value === undefined) throw new UmbelError('internal', `The route has no ${name}.`);
  return value;
}
