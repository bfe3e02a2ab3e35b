import type { TasksPage } from '../../../lib/contract/api.ts';
import { filterFromParams } from '../../../lib/contract/filters.ts';
import type { Handler } from '../../http/router.ts';
import { integerArgument } from '../arguments.ts';
import type { ApiContext } from '../context.ts';

const MAX_ROWS = 500;

export const tasksPage: Handler<ApiContext> = async ({ collector }, request) => {
  const limit = integerArgument(request, 'limit', { fallback: 100, min: 1, max: MAX_ROWS });
  const page = await collector.reader.page(
    filterFromParams(request.query),
    request.query.get('before'),
    limit,
  );
  const body: TasksPage = { rows: page.records.map((record) => record.toRow()), cursor: page.cursor };
  return { status: 200, body };
};
