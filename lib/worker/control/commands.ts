import { toError, UmbelError } from '../../contract/errors.ts';
import type { ControlRequest } from '../../protocol/control.ts';
import { exceptionRepr } from '../../protocol/exception.ts';
import { pythonRepr } from '../../protocol/repr.ts';
import { maskText } from '../../util/mask.ts';
import type { ControlCommand, ControlContext } from './command.ts';
import { INSPECTION, TASK_LISTS } from './inspection.ts';
import { checkArguments } from './parameters.ts';
import { POOL_SIZE } from './pool-size.ts';
import { REVOCATION } from './revocation.ts';
import { SETTINGS } from './settings.ts';
import { STEERING } from './steering.ts';

/** Celery's second names (celery/worker/control.py). */
const ALIASES: Readonly<Record<string, string>> = {
  dump_active: 'active',
  dump_reserved: 'reserved',
  dump_schedule: 'scheduled',
  dump_revoked: 'revoked',
  dump_tasks: 'registered',
  dump_conf: 'conf',
};

const COMMANDS: ReadonlyMap<string, ControlCommand> = new Map(
  [INSPECTION, TASK_LISTS, SETTINGS, REVOCATION, POOL_SIZE, STEERING].flatMap((family) =>
    Object.entries(family),
  ),
);

/** Carries out a remote command. What goes wrong is the reply, never the worker's end. */
export async function obey(context: ControlContext, request: ControlRequest): Promise<unknown> {
  const name = ALIASES[request.method] ?? request.method;
  const command = COMMANDS.get(name);
  if (command === undefined) {
    context.host.logger.error(`No such control command: ${request.method}`);
    return { error: `KeyError(${pythonRepr(request.method)})` };
  }
  try {
    checkArguments(name, request.arguments);
    return await command(context, request.arguments);
  } catch (error) {
    // Our own errors are written for people; others are shown as Python shows an exception.
    return { error: maskText(error instanceof UmbelError ? error.message : exceptionRepr(toError(error))) };
  }
}
