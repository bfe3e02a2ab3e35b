import {
  type Arguments,
  type ControlCommand,
  type ControlContext,
  countOf,
  failed,
  ok,
  optionalCount,
} from './command.ts';

/** Commands about the pool: its size and its children (celery/worker/control.py). */
export const POOL_SIZE: Readonly<Record<string, ControlCommand>> = {
  pool_grow: unlessAutoscaled('pool_grow', ({ pool }, { n }) => {
    pool.grow(optionalCount(n) ?? 1);
    return ok('pool will grow');
  }),
  pool_shrink: unlessAutoscaled('pool_shrink', ({ pool }, { n }) => {
    pool.shrink(optionalCount(n) ?? 1);
    return ok('pool will shrink');
  }),
  concurrency: unlessAutoscaled('concurrency', setConcurrency),
  autoscale,
  pool_restart: poolRestart,
};

/** Prefetch follows the pool's size. */
function unlessAutoscaled(name: string, command: ControlCommand): ControlCommand {
  return (context, args) => {
    if (context.autoscaler !== null) {
      return failed(`${name} is not supported with autoscale. Adjust autoscale range instead.`);
    }
    const reply = command(context, args);
    context.onResized();
    return reply;
  };
}

/** Not a command of Celery: makes the pool as large as asked, whatever it was. */
function setConcurrency({ pool, host }: ControlContext, { n }: Arguments): unknown {
  if (n === null || n === undefined) return failed('concurrency needs n: how many tasks may run at once');
  const size = countOf(n);
  const before = pool.size;
  if (size > before) pool.grow(size - before);
  if (size < before) pool.shrink(before - size);
  host.logger.info(`Concurrency changed from ${before} to ${size}`);
  return ok(`concurrency now ${size}`);
}

function autoscale({ autoscaler }: ControlContext, { max, min }: Arguments): unknown {
  // A ValueError in Celery, whose repr is the reply: clients compare it.
  if (autoscaler === null) return failed("ValueError('Autoscale not enabled')");
  const range = autoscaler.update(optionalCount(max), optionalCount(min));
  return ok(`autoscale now max=${range.max} min=${range.min}`);
}

/** Celery's `modules` and `reload` say what else to load again; new children load everything again anyway. */
function poolRestart({ app, pool, host }: ControlContext): unknown {
  if (!app.conf.worker_pool_restarts) return failed("ValueError('Pool restarts not enabled')");
  pool.restart();
  host.logger.info('Restarting the pool: new children take over when the first of them is ready');
  return ok('reload started');
}
