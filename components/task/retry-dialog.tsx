'use client';

import { RotateCw } from 'lucide-react';
import Link from 'next/link';
import { type ReactNode, useId, useState } from 'react';
import type { ArgumentsSource, TaskDetail } from '../../lib/contract/records.ts';
import { errorText } from '../data/http.ts';
import { useRetryTask } from '../data/use-task-actions.ts';
import { useRoom } from '../live/use-room.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ShortId } from '../ui/figures.tsx';
import { taskHref } from '../ui/links.ts';
import { initialTexts, parseArgs, parseKwargs } from './retry-form.ts';

const WARNINGS: Record<ArgumentsSource, string> = {
  exact: '',
  text: 'The arguments were read back from the text of an event. Check them before sending.',
  masked: 'A secret in the arguments was hidden and is not known here. Write it in before sending.',
  shortened: 'The sender shortened the arguments, so the end is missing. Complete them before sending.',
  unknown: 'The arguments of this task are not known. Fill them in before sending.',
};

function Field(props: {
  readonly label: string;
  readonly text: string;
  readonly problem: string | null;
  readonly onChange: (text: string) => void;
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label className="label" htmlFor={id}>
        {props.label}
      </label>
      <textarea
        id={id}
        className={props.problem ? 'input mono area bad' : 'input mono area'}
        rows={Math.min(10, Math.max(2, props.text.split('\n').length))}
        spellCheck={false}
        value={props.text}
        aria-invalid={props.problem !== null}
        aria-describedby={`${id}-problem`}
        onChange={(event) => props.onChange(event.target.value)}
      />
      <span id={`${id}-problem`} className="problem">
        {props.problem ?? ''}
      </span>
    </div>
  );
}

function Sent(props: { readonly uuid: string; readonly onClose: () => void }): ReactNode {
  return (
    <>
      <p role="status">
        Sent as{' '}
        <Link className="link" href={taskHref(props.uuid)} prefetch={false} onClick={props.onClose}>
          <ShortId id={props.uuid} />
        </Link>
        .
      </p>
      <div className="dialog-acts">
        <Button onClick={props.onClose}>Close</Button>
        <Link className="btn primary" href={taskHref(props.uuid)} prefetch={false} onClick={props.onClose}>
          Open the new task
        </Link>
      </div>
    </>
  );
}

function RetryForm(props: { readonly task: TaskDetail; readonly onClose: () => void }): ReactNode {
  const { task } = props;
  const [initial] = useState(() => initialTexts(task));
  const [source] = useState(task.call.source);
  const [argsText, setArgs] = useState(initial.args);
  const [kwargsText, setKwargs] = useState(initial.kwargs);
  const retry = useRetryTask();
  const args = parseArgs(argsText);
  const kwargs = parseKwargs(kwargsText);
  const isEdited = argsText !== initial.args || kwargsText !== initial.kwargs;
  const mustEdit = source !== 'exact' && source !== 'text' && !isEdited;
  const warning = WARNINGS[source] ?? '';
  const send = (): void => {
    if (!args.ok || !kwargs.ok || mustEdit) return;
    // Untouched exact arguments stay the server's own: JSON in between could lose what JSON cannot say.
    const body = isEdited || source !== 'exact' ? { args: args.value, kwargs: kwargs.value } : {};
    retry.mutate({ uuid: task.uuid, body });
  };
  if (retry.data) return <Sent uuid={retry.data['task-id']} onClose={props.onClose} />;
  return (
    <>
      {warning ? <p className="warning s-retry">{warning}</p> : null}
      <Field
        label="Positional arguments"
        text={argsText}
        problem={args.ok ? null : args.message}
        onChange={setArgs}
      />
      <Field
        label="Keyword arguments"
        text={kwargsText}
        problem={kwargs.ok ? null : kwargs.message}
        onChange={setKwargs}
      />
      {retry.error ? (
        <p className="problem" role="alert">
          Could not send. {errorText(retry.error)}
        </p>
      ) : null}
      <div className="dialog-acts">
        <Button hint="Esc" onClick={props.onClose}>
          Keep as it is
        </Button>
        <Button
          tone="primary"
          icon={<RotateCw size={14} />}
          disabled={!args.ok || !kwargs.ok || mustEdit || retry.isPending}
          {...(mustEdit ? { title: 'Complete the arguments first' } : {})}
          onClick={send}
        >
          Send again
        </Button>
      </div>
    </>
  );
}

/** Sends a task again under a new id, with arguments a person may edit. */
export function RetryDialog(props: { readonly task: TaskDetail; readonly onClose: () => void }): ReactNode {
  return (
    <Dialog
      isOpen
      onOpenChange={props.onClose}
      title={`Retry ${props.task.name ?? 'this task'}?`}
      description="It is sent to its queue as a new task with a new id; this one stays as it is."
      isWide
    >
      <RetryForm task={props.task} onClose={props.onClose} />
    </Dialog>
  );
}

/** The same for a row of a list, whose arguments are fetched first. */
export function RetryByIdDialog(props: {
  readonly uuid: string;
  readonly name: string | null;
  readonly onClose: () => void;
}): ReactNode {
  const { data, refusal } = useRoom<'task'>({ room: 'task', uuid: props.uuid });
  if (data) return <RetryDialog task={data} onClose={props.onClose} />;
  const isGone = data === null || refusal !== null;
  return (
    <Dialog
      isOpen
      onOpenChange={props.onClose}
      title={`Retry ${props.name ?? 'this task'}?`}
      description={
        isGone ? (refusal?.message ?? 'This task is not known any more.') : 'Reading its arguments.'
      }
    >
      <div className="dialog-acts">
        <Button onClick={props.onClose}>Close</Button>
      </div>
    </Dialog>
  );
}
