import type { AnyResult } from '../any-result.ts';
import { AsyncResult } from '../async-result.ts';
import type { ResultPort } from '../result-port.ts';
import { GroupResult } from './group-result.ts';
import type { ResultNode } from './result-node.ts';

/** The result object for a node, with those before it as its parents. */
export function resultFrom(app: ResultPort, { id, parent, members }: ResultNode): AnyResult {
  const before = parent === null ? null : resultFrom(app, parent);
  if (members === null) return new AsyncResult(app, id, before);
  const results = members.map((member) => resultFrom(app, member));
  return new GroupResult(app, id, results, before);
}

/** The same where only a group can be; a task counts as a group of one. */
export function groupFrom<T>(app: ResultPort, node: ResultNode): GroupResult<T> {
  const { id, parent, members } = node;
  const before = parent === null ? null : resultFrom(app, parent);
  const results = (members ?? [node]).map((member) => resultFrom(app, member));
  return new GroupResult(app, id, results, before);
}
