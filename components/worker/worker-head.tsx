'use client';

import { Power } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { toast } from 'sonner';
import type { WorkerDetail } from '../../lib/contract/records.ts';
import { errorText } from '../data/http.ts';
import { useWorkerCommand } from '../data/use-worker-commands.ts';
import { useIsReadOnly } from '../live/status-provider.tsx';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { formatClock, formatDuration, formatRough } from '../ui/format.ts';
import { usePreferences } from '../ui/preferences.tsx';
import { StatusDot } from '../ui/status-dot.tsx';

function about(worker: WorkerDetail, now: number, silent: string): string {
  const parts = [
    worker.software,
    worker.pool,
    worker.pid === null ? null : `pid ${worker.pid}`,
    worker.startedAt === null || worker.status === 'offline'
      ? null
      : `up ${formatDuration(now - worker.startedAt)}`,
    worker.status === 'offline'
      ? silent
      : worker.lastHeartbeat !== null && `heartbeat ${formatRough(now - worker.lastHeartbeat)} ago`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Name, what it is, and the way to end it. */
export function WorkerHead(props: { readonly worker: WorkerDetail; readonly now: number }): ReactNode {
  const { worker, now } = props;
  const { zone } = usePreferences();
  const [isOpen, setOpen] = useState(false);
  const isReadOnly = useIsReadOnly();
  const command = useWorkerCommand(worker.name);
  const isGone = worker.status === 'offline';
  const busy = worker.active === 1 ? '1 task runs' : `${worker.active} tasks run`;
  return (
    <section className="whead">
      <div className="row wh">
        <StatusDot status={worker.status} />
        <h1 className="task-name cut">{worker.name}</h1>
        <span className="mid small cut grow hide-s">
          {about(worker, now, `silent since ${formatClock(worker.since, zone)}`)}
        </span>
        <span className="row acts">
          <Button
            tone="danger"
            icon={<Power size={14} />}
            disabled={isReadOnly || isGone}
            {...(isGone ? { title: 'It is gone already' } : {})}
            onClick={() => setOpen(true)}
          >
            Shut down…
          </Button>
        </span>
      </div>
      <ConfirmDialog
        isOpen={isOpen}
        onOpenChange={setOpen}
        title={`Shut down ${worker.name}?`}
        description={`It finishes what it runs (${busy}), takes nothing new, and ends. It does not come back by itself unless something restarts it.`}
        keep="Leave it running"
        action="Shut down"
        isBusy={command.isPending}
        onConfirm={() =>
          command.mutate(
            { kind: 'shutdown' },
            {
              onSuccess: (answer) => {
                setOpen(false);
                toast(answer.message);
              },
              onError: (error) => toast.error(`Could not shut it down. ${errorText(error)}`),
            },
          )
        }
      />
    </section>
  );
}
