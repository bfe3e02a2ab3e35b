import { UmbelError } from '../../lib/contract/errors.ts';
import type { Handler } from '../http/router.ts';
import { argument, flagArgument, param } from './arguments.ts';
import type { ApiContext } from './context.ts';

const SIGNAL = /^(SIG)?[A-Z][A-Z0-9]{1,9}$|^\d{1,2}$/;

/** Tells every worker to leave the task alone, and with `terminate` to end it if it runs. */
export const revoke: Handler<ApiContext> = ({ desk }, request) => {
  const uuid = param(request, 'id');
  const signal = argument(request, 'signal') ?? 'SIGTERM';
  if (!SIGNAL.test(signal))
    throw new UmbelError('bad_request', `'${signal.slice(0, 40)}' is no signal. Use SIGTERM or SIGKILL.`);
  desk.askAll('revoke', { task_id: uuid, terminate: flagArgument(request, 'terminate'), signal });
  return { status: 200, body: { message: `Revoked '${uuid}'` } };
};
