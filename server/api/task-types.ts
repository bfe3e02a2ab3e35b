import type { Handler } from '../http/router.ts';
import type { ApiContext } from './context.ts';

export const taskTypes: Handler<ApiContext> = ({ collector }) => ({
  status: 200,
  body: { 'task-types': collector.monitor.names.names() },
});
