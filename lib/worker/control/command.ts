import type { Celery } from '../../app/celery.ts';
import type { Transport } from '../../transport/transport.ts';
import type { Autoscaler } from '../autoscaler.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { Elections } from '../elections.ts';
import type { Heartbeat } from '../heartbeat.ts';
import type { RequestHost } from '../host.ts';
import type { WorkerSettings } from '../options.ts';
import type { Pool } from '../pool/pool.ts';
import type { Revocations } from '../revocations.ts';
import type { Schedule } from '../schedule.ts';
import type { TaskProfiles } from '../task-profile.ts';

/** What remote control may look at and change. */
export interface ControlContext {
  readonly app: Celery;
  readonly settings: WorkerSettings;
  readonly transport: Transport;
  readonly host: RequestHost;
  readonly dispatcher: Dispatcher;
  readonly pool: Pool;
  /** null when the pool has a fixed size. */
  readonly autoscaler: Autoscaler | null;
  readonly profiles: TaskProfiles;
  readonly heartbeat: Heartbeat;
  readonly revocations: Revocations;
  readonly schedule: Schedule;
  /** null with `--without-gossip`. */
  readonly elections: Elections | null;
  /** Seconds since the epoch. */
  readonly startedAt: number;
  /** Prefetch follows the pool's size. */
  onResized(): void;
  /** Stop warmly. */
  shutdown(): void;
}

export type Arguments = Readonly<Record<string, unknown>>;

/** Carries out a command; what it returns is the reply, `undefined` sends none. A throw becomes `{error}`. */
export type ControlCommand = (context: ControlContext, args: Arguments) => unknown;

export const ok = (text: unknown): { ok: unknown } => ({ ok: text });
export const failed = (text: string): { error: string } => ({ error: text });

/** One id or a list of them, as `task_id` may be. */
export function idsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' && value !== '' ? [value] : [];
}

export function textOf(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}

/** A count of at least 1. */
export function countOf(value: unknown): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new RangeError(`${String(value)} is not a whole number from 1`);
}

/** A whole number from 0, or null when it is missing. */
export function optionalCount(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const count = Number(value);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new RangeError(`${String(value)} is not a whole number from 0`);
}
