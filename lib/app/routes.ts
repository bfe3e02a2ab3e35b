import type { ExchangeType } from '../transport/transport.ts';
import type { ApplyOptions } from './apply-options.ts';

/** Where a task goes: a queue's name, or a queue, exchange, routing key and priority. */
export type RouteTarget =
  | string
  | {
      readonly queue?: string;
      readonly exchange?: string;
      readonly exchange_type?: ExchangeType;
      readonly routing_key?: string;
      readonly routingKey?: string;
      readonly priority?: number;
    };

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
