'use client';

import { Plus, X } from 'lucide-react';
import { type ReactNode, type SubmitEvent, useState } from 'react';
import type { WorkerDetail } from '../../lib/contract/records.ts';
import { errorText } from '../data/http.ts';
import { useWorkerCommand } from '../data/use-worker-commands.ts';
import { useIsReadOnly } from '../live/status-provider.tsx';
import { useRoom } from '../live/use-room.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Unit } from '../ui/figures.tsx';
import { formatRate } from '../ui/format.ts';

/** Who else takes from it; a worker that is gone is among the consumers no more. */
function othersText(consumers: readonly string[] | undefined): string {
  if (!consumers) return '';
  const others = consumers.length - 1;
  if (others <= 0) return 'alone on this queue';
  return others === 1 ? 'with 1 other' : `with ${others} others`;
}

/** The queues this worker takes from: add one, or stop one. */
export function Consumes({ worker }: { readonly worker: WorkerDetail }): ReactNode {
  const [queue, setQueue] = useState('');
  const [stopping, setStopping] = useState<string | null>(null);
  const isReadOnly = useIsReadOnly();
  const command = useWorkerCommand(worker.name);
  const { data: queues } = useRoom<'queues'>({ room: 'queues' });
  const isGone = worker.status === 'offline';
  const isOff = isReadOnly || isGone || command.isPending;
  const name = queue.trim();
  const add = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!name || isOff) return;
    command.mutate({ kind: 'add-consumer', queue: name }, { onSuccess: () => setQueue('') });
  };
  return (
    <div className="cell">
      <div className="head">
        <h2>{isGone ? 'Was consuming' : 'Consumes'}</h2>
        <span className="more">{worker.prefetch === null ? '' : `prefetch ${worker.prefetch}`}</span>
      </div>
      <ul className={isGone ? 'is-past' : ''}>
        {worker.queues.map((consumed) => {
          const row = queues?.find((candidate) => candidate.name === consumed);
          return (
            <li key={consumed} className="con">
              <span className="strong cut">{consumed}</span>
              <span className="dim grow cut">{isGone ? '' : othersText(row?.consumers)}</span>
              {row && row.outPerSecond !== null && !isGone ? (
                <span className="num mid nowrap">
                  {formatRate(row.outPerSecond)}
                  <Unit>/s</Unit>
                </span>
              ) : null}
              <IconButton
                label={`Stop consuming ${consumed}…`}
                tone="bare"
                size="sm"
                disabled={isOff}
                onClick={() => setStopping(consumed)}
              >
                <X size={14} />
              </IconButton>
            </li>
          );
        })}
      </ul>
      {worker.queues.length === 0 ? (
        <p className="dim">{isGone ? 'No queue.' : 'No queue: it does nothing.'}</p>
      ) : null}
      <form className="row consume-add" onSubmit={add}>
        <input
          className="input grow"
          aria-label="Queue to consume"
          placeholder="queue name"
          value={queue}
          maxLength={200}
          disabled={isReadOnly || isGone}
          onChange={(event) => setQueue(event.target.value)}
        />
        <Button type="submit" icon={<Plus size={14} />} disabled={isOff || !name}>
          Add
        </Button>
      </form>
      {command.error ? (
        <p className="problem" role="alert">
          {errorText(command.error)}
        </p>
      ) : null}
      <ConfirmDialog
        isOpen={stopping !== null}
        onOpenChange={() => setStopping(null)}
        title={`Stop consuming ${stopping ?? ''}?`}
        description={`${worker.name} takes nothing more from this queue until it is added again or the worker restarts.`}
        keep="Keep consuming"
        action="Stop consuming"
        isBusy={command.isPending}
        onConfirm={() => {
          if (stopping !== null) command.mutate({ kind: 'cancel-consumer', queue: stopping });
          setStopping(null);
        }}
      />
    </div>
  );
}
