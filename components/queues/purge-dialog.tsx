'use client';

import { useMutation } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { type ReactNode, type SubmitEvent, useState } from 'react';
import type { PurgeAnswer } from '../../lib/contract/api.ts';
import type { QueueRow } from '../../lib/contract/records.ts';
import { errorText, postJson } from '../data/http.ts';
import { useIsReadOnly } from '../live/status-provider.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { formatCount } from '../ui/format.ts';

/** Deletes what waits in a queue, once its name is typed. */
export function PurgeQueue({ queue }: { readonly queue: QueueRow }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const isReadOnly = useIsReadOnly();
  const purge = useMutation({
    mutationFn: () => postJson<PurgeAnswer>(`/api/v1/queues/${encodeURIComponent(queue.name)}/purge`),
    onSuccess: () => setOpen(false),
  });
  const isSure = typed === queue.name;
  const change = (open: boolean): void => {
    setTyped('');
    purge.reset();
    setOpen(open);
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (isSure && !purge.isPending) purge.mutate();
  };
  const waiting = queue.messages === 1 ? '1 message' : `${formatCount(queue.messages)} messages`;
  return (
    <>
      {purge.data && !isOpen ? (
        <span className="mid small" role="status">
          {formatCount(purge.data.deleted)} deleted
        </span>
      ) : null}
      <Button
        tone="danger"
        icon={<Trash2 size={14} />}
        disabled={isReadOnly || queue.messages === 0}
        onClick={() => change(true)}
      >
        Purge…
      </Button>
      <Dialog
        isOpen={isOpen}
        onOpenChange={change}
        title={`Purge ${queue.name}?`}
        description={`${waiting} will be deleted and cannot be brought back. What a worker has fetched already stays.`}
      >
        <form onSubmit={submit}>
          <label>
            <span className="label">
              Type <b className="mono strongest">{queue.name}</b> to confirm
            </span>
            <input
              className="input mono purge-name"
              aria-label={`Type ${queue.name}`}
              value={typed}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setTyped(event.target.value)}
            />
          </label>
          {purge.error ? (
            <p className="problem" role="alert">
              {errorText(purge.error)}
            </p>
          ) : null}
          <div className="dialog-acts">
            <Button hint="Esc" onClick={() => change(false)}>
              Keep them
            </Button>
            <Button tone="danger solid" type="submit" disabled={!isSure || purge.isPending}>
              Purge {formatCount(queue.messages)}
            </Button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
