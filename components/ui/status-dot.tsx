import type { ReactNode } from 'react';
import type { WorkerStatus } from '../../lib/contract/records.ts';

const CLASSES: Record<WorkerStatus, string> = { online: 'dot', late: 'dot late', offline: 'dot off' };

/** Filled is alive, half is late, hollow is gone. */
export function StatusDot({ status }: { readonly status: WorkerStatus }): ReactNode {
  return <span className={CLASSES[status] ?? 'dot off'} role="img" aria-label={status} title={status} />;
}
