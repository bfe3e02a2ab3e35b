import type { Handler } from '../../http/router.ts';
import type { ApiContext } from '../context.ts';

export const status: Handler<ApiContext> = ({ collector, version, isReadOnly }) => ({
  status: 200,
  body: collector.status(version, isReadOnly),
});
