'use client';

import { Ban, OctagonX, RotateCw } from 'lucide-react';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { type ReactNode, useState } from 'react';
import { toast } from 'sonner';
import type { TaskDetail } from '../../lib/contract/records.ts';
import { READY_STATES } from '../../lib/contract/states.ts';
import { errorText } from '../data/http.ts';
import { useRevoke } from '../data/use-task-actions.ts';
import { useIsReadOnly } from '../live/status-provider.tsx';
import { useKeys } from '../shell/keys.tsx';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { CopyButton, copyText } from '../ui/copy-button.tsx';
import { tasksHref, workerHref } from '../ui/links.ts';
import { rowLook, StateChip } from '../ui/state.tsx';
import { RetryDialog } from './retry-dialog.tsx';
import { revokedText } from './stop-text.ts';
import { shareDone, TaskProgress } from './task-progress.tsx';

type Open = 'retry' | 'terminate' | null;

/** What may be done with a task now. */
interface Allowed {
  readonly revoke: boolean;
  readonly terminate: boolean;
  readonly retry: boolean;
}

function allowedOf(task: TaskDetail, isReadOnly: boolean): Allowed {
  const isOver = READY_STATES.has(task.state);
  const revoke = !isReadOnly && !isOver && !task.isLost;
  return {
    revoke,
    terminate: revoke && task.started !== null,
    retry: !isReadOnly && (isOver || task.isLost || task.state === 'REJECTED'),
  };
}

/** Revokes or terminates, and says how it went. */
function useStop(
  task: TaskDetail,
  onDone: () => void,
): { readonly stop: (isTerminate: boolean) => void; readonly isBusy: boolean } {
  const { mutate, isPending } = useRevoke();
  const stop = (isTerminate: boolean): void =>
    mutate(
      { uuid: task.uuid, isTerminate },
      {
        onSuccess: () => {
          onDone();
          toast(isTerminate ? 'Terminated' : revokedText(task));
        },
        onError: (error) =>
          toast.error(`Could not ${isTerminate ? 'terminate' : 'revoke'}. ${errorText(error)}`),
      },
    );
  return { stop, isBusy: isPending };
}

function ActionButtons(props: {
  readonly may: Allowed;
  readonly isReadOnly: boolean;
  readonly isBusy: boolean;
  readonly onRevoke: () => void;
  readonly onOpen: (open: Open) => void;
}): ReactNode {
  const { may } = props;
  const reason = props.isReadOnly ? 'This dashboard is read-only' : '';
  return (
    <span className="row acts">
      <Button
        icon={<Ban size={14} />}
        hint="x"
        disabled={!may.revoke || props.isBusy}
        title={may.revoke ? 'It will not start; a running one goes on' : reason || 'It is over'}
        onClick={props.onRevoke}
      >
        Revoke
      </Button>
      <Button
        tone="danger"
        icon={<OctagonX size={14} />}
        hint="⇧X"
        disabled={!may.terminate}
        title={may.terminate ? 'Ends it now' : reason || 'It does not run'}
        onClick={() => props.onOpen('terminate')}
      >
        Terminate…
      </Button>
      <Button
        icon={<RotateCw size={14} />}
        hint="r"
        disabled={!may.retry}
        title={may.retry ? 'Sends it again as a new task' : reason || 'Not over yet: terminate it first'}
        onClick={() => props.onOpen('retry')}
      >
        Retry…
      </Button>
    </span>
  );
}

function Chips({ task }: { readonly task: TaskDetail }): ReactNode {
  const { look, word } = rowLook(task);
  const share = shareDone(task);
  const percent = share === null ? '' : ` ${Math.round(share * 100)}%`;
  return (
    <span className="chips">
      {task.isLost ? (
        <StateChip look="started" word="Started" />
      ) : (
        <StateChip look={look} word={word + percent} />
      )}
      {task.isLost ? <StateChip look="lost" word="worker vanished" isJoined /> : null}
      {task.retries > 0 && look !== 'retry' ? (
        <StateChip look="retry" word={`try ${task.retries + 1}`} isJoined />
      ) : null}
    </span>
  );
}

/** Name, state and what may be done now; progress below. */
export function TaskHead(props: { readonly task: TaskDetail; readonly now: number }): ReactNode {
  const { task } = props;
  const router = useRouter();
  const [open, setOpen] = useState<Open>(null);
  const isReadOnly = useIsReadOnly();
  const may = allowedOf(task, isReadOnly);
  const { stop, isBusy } = useStop(task, () => setOpen(null));
  useKeys({
    r: () => may.retry && setOpen('retry'),
    e: () => may.retry && setOpen('retry'),
    x: () => may.revoke && stop(false),
    'shift+x': () => may.terminate && setOpen('terminate'),
    y: () => void copyText(task.uuid).then((isDone) => isDone && toast('Copied the id')),
    escape: () => router.push('/tasks'),
  });
  return (
    <section className="thead">
      <div className="row wrap">
        <h1 className="task-name">{task.name ?? 'unknown task'}</h1>
        <Chips task={task} />
        <span className="grow" />
        <ActionButtons
          may={may}
          isReadOnly={isReadOnly}
          isBusy={isBusy}
          onRevoke={() => stop(false)}
          onOpen={setOpen}
        />
      </div>
      <div className="row mid small under">
        <span className="mono cut">{task.uuid}</span>
        <CopyButton text={task.uuid} label="Copy id (y)" />
        {task.worker ? (
          <span className="hide-s nowrap">
            <span className="dim">on</span>{' '}
            <Link href={workerHref(task.worker)} prefetch={false}>
              {task.worker}
            </Link>
          </span>
        ) : null}
        {task.queue ? (
          <span className="hide-s nowrap">
            <span className="dim">from queue</span>{' '}
            <Link href={tasksHref({ queue: task.queue })} prefetch={false}>
              {task.queue}
            </Link>
          </span>
        ) : null}
      </div>
      <TaskProgress task={task} now={props.now} />
      {open === 'retry' ? <RetryDialog task={task} onClose={() => setOpen(null)} /> : null}
      <ConfirmDialog
        isOpen={open === 'terminate'}
        onOpenChange={() => setOpen(null)}
        title={`Terminate ${task.name ?? 'this task'}?`}
        description={
          <>
            <span className="mono">{task.uuid}</span> runs on {task.worker ?? 'a worker'}. Its process is
            ended at once; what it was doing stays half done.
          </>
        }
        keep="Let it run"
        action="Terminate"
        isBusy={isBusy}
        onConfirm={() => stop(true)}
      />
    </section>
  );
}
