/** The class in `ValueError('boom')`; "Failed" when nothing is known. */
export function exceptionName(exception: string | null): string {
  if (!exception) return 'Failed';
  const name = /^[\w.$]+/.exec(exception)?.[0];
  return name?.split('.').at(-1) || exception.slice(0, 40);
}

const EMPTY = new Set(['', '()', '[]', '{}', 'None', 'null', "''"]);

/** Arguments of a row on one line, without the empty ones. */
export function argumentsText(args: string | null, kwargs: string | null): string {
  return [args, kwargs].filter((text): text is string => text !== null && !EMPTY.has(text.trim())).join(' ');
}

/** Last part of a dotted task name: `charge_card` of `billing.charge_card`. */
export function shortName(name: string | null): string {
  return name?.split('.').at(-1) || name || 'unknown';
}
