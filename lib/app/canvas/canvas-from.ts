import type { Signature as SignatureJson } from '../../protocol/signature.ts';
import type { AnyResult } from '../any-result.ts';
import type { AppPort } from '../app-port.ts';
import type { Canvas } from './canvas.ts';
import { Chain } from './chain.ts';
import { Chord } from './chord.ts';
import { Group } from './group.ts';
import { isChain, isChord, isGroup } from './parts.ts';
import { ImmutableSignature, Signature } from './signature.ts';

/** A signature whose kind only its JSON says. `Out` is what it gives, its result that of a task or a group. */
export type StoredCanvas<Out = unknown> = Canvas<unknown, Out, AnyResult>;

/** The object for a signature that was stored or sent as JSON, of its own kind (celery/canvas.py `Signature.from_dict`). */
export function canvasFrom(app: AppPort, json: SignatureJson): StoredCanvas {
  if (isChain(json)) return new Chain(app, json);
  if (isGroup(json)) return new Group(app, json);
  if (isChord(json)) return new Chord(app, json);
  return json.immutable ? new ImmutableSignature(app, json) : new Signature(app, json);
}
