import { UmbelError } from '../../contract/errors.ts';
import { encodeSignature, type Signature as SignatureJson } from '../../protocol/signature.ts';
import type { AppPort } from '../app-port.ts';
import { Group } from './group.ts';
import type { Immutable } from './open-arguments.ts';
import { groupOf } from './parts.ts';
import { ImmutableSignature } from './signature.ts';

/** One message that calls a task for each item, one after the other, and returns the list of values. */
export function mapOf<R>(
  app: AppPort,
  kind: 'celery.map' | 'celery.starmap',
  task: string,
  items: Iterable<unknown>,
): ImmutableSignature<R[]> {
  return new ImmutableSignature(app, mapJson(kind, task, [...items]));
}

/** A group of such messages with `size` items each. Throws `bad_request` when the size is none. */
export function chunksOf<R>(
  app: AppPort,
  task: string,
  items: Iterable<unknown>,
  size: number,
): Group<Immutable, R[][]> {
  if (!Number.isInteger(size) || size < 1) {
    throw new UmbelError('bad_request', `The size of chunks must be a whole number from 1, not ${size}.`);
  }
  const all = [...items];
  const parts: SignatureJson[] = [];
  for (let at = 0; at < all.length; at += size) {
    parts.push(mapJson('celery.starmap', task, all.slice(at, at + size)));
  }
  return new Group(app, groupOf(parts));
}

function mapJson(kind: string, task: string, it: readonly unknown[]): SignatureJson {
  return encodeSignature({ task: kind, kwargs: { task: encodeSignature({ task }), it }, immutable: true });
}
