import type { ExchangeType } from '../transport/transport.ts';
import { type ApplyOptions, checkOptions } from './apply-options.ts';

/** Options of a call that a route may set. Those of the call itself win. */
type RoutedOptions = Pick<
  ApplyOptions,
  | 'queue'
  | 'exchange'
  | 'routingKey'
  | 'priority'
  | 'serializer'
  | 'compression'
  | 'expires'
  | 'timeLimit'
  | 'softTimeLimit'
  | 'ignoreResult'
  | 'deliveryMode'
  | 'headers'
  | 'shadow'
>;

/** Where a task goes: a queue's name, or queue, exchange, routing key and other options, under our names or Celery's. */
export type RouteTarget =
  | string
  | (RoutedOptions & {
      readonly exchange_type?: ExchangeType;
      readonly routing_key?: string;
      readonly time_limit?: number;
      readonly soft_time_limit?: number;
      readonly ignore_result?: boolean;
      readonly delivery_mode?: 1 | 2;
    });

/** A target, read. */
export interface ReadTarget {
  readonly queue?: string;
  readonly exchange?: string;
  readonly exchangeType?: ExchangeType;
  readonly routingKey?: string;
  /** All others; null for none. */
  readonly options: ApplyOptions | null;
}

const NOWHERE: ReadTarget = { options: null };

/** Reads what a route says. Throws `UmbelError('bad_request')` for an option that there is not. */
export function readTarget(found: RouteTarget | null): ReadTarget {
  if (found === null) return NOWHERE;
  if (typeof found === 'string') return { queue: found, options: null };
  const { exchange_type: exchangeType, ...named } = found;
  const camel = Object.entries(named).map(([name, value]) => [
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  const { queue, exchange, routingKey, ...options }: ApplyOptions = Object.fromEntries(camel);
  checkOptions(options);
  return {
    ...(queue !== undefined && { queue }),
    ...(exchange !== undefined && { exchange }),
    ...(exchangeType !== undefined && { exchangeType }),
    ...(routingKey !== undefined && { routingKey }),
    options: Object.keys(options).length > 0 ? options : null,
  };
}

/** Decides by code; null or undefined leaves it to the next. */
export type RouteFunction = (
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: ApplyOptions,
  task: { readonly name: string } | null,
) => RouteTarget | null | undefined;

/**
 * Names to targets (a name with `*` is a glob), pairs that may have a RegExp, a function, or where a function is:
 * `./routes.ts:route`, seen from the working directory.
 */
export type Route =
  | Readonly<Record<string, RouteTarget>>
  | readonly (readonly [string | RegExp, RouteTarget])[]
  | RouteFunction
  | string;
