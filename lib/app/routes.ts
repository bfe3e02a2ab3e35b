/** Where a task goes: a queue's name, or a queue, exchange, routing key and priority. */
export type RouteTarget =
  | string
  | {
      readonly queue?: string;
      readonly exchange?: string;
      readonly routing_key?: string;
      readonly routingKey?: string;
      readonly priority?: number;
    };

export type RouteFunction = (
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
) => RouteTarget | null | undefined;

/** Names to targets (a name with `*` is a glob), pairs that may have a RegExp, or a function. */
export type Route =
  | Readonly<Record<string, RouteTarget>>
  | readonly (readonly [string | RegExp, RouteTarget])[]
  | RouteFunction;
