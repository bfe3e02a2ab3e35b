import type { ReactNode } from 'react';
import type { ArgumentsSource, TaskDetail } from '../../lib/contract/records.ts';
import { READY_STATES } from '../../lib/contract/states.ts';
import { CodeText } from '../ui/code-text.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { jsonText } from '../ui/json-text.ts';
import { argumentsText } from '../ui/task-text.ts';
import { Traceback } from './traceback.tsx';

const SOURCES: Record<ArgumentsSource, string> = {
  exact: 'exact',
  text: 'read back from text',
  masked: 'read back from text, secrets masked',
  shortened: 'shortened by the sender',
  unknown: 'not known',
};

/** The call as JSON where it is known so, else as the text the events carried. */
function callText(task: TaskDetail): string {
  const { args, kwargs } = task.call;
  const parts = [
    args && args.length > 0 ? jsonText(args) : '',
    kwargs && Object.keys(kwargs).length > 0 ? jsonText(kwargs) : '',
  ].filter(Boolean);
  if (parts.length > 0) return parts.join('\n');
  return args || kwargs ? '' : argumentsText(task.args, task.kwargs);
}

function resultText(task: TaskDetail): string {
  if (task.result !== null) return task.result;
  if (READY_STATES.has(task.state)) return task.exception ?? '';
  return task.progress ? jsonText(task.progress) : '';
}

function resultNote(task: TaskDetail): string {
  if (task.result !== null) return '';
  if (READY_STATES.has(task.state)) return task.exception ? 'the exception' : '';
  return task.progress ? 'not yet; last progress' : 'not yet';
}

/** What went in, what came out, and what went wrong. */
export function TaskIo({ task }: { readonly task: TaskDetail }): ReactNode {
  const call = callText(task);
  const result = resultText(task);
  return (
    <>
      <div className="cells io">
        <div className="cell">
          <div className="head">
            <h2>Arguments</h2>
            <span className="more">{SOURCES[task.call.source] ?? task.call.source}</span>
            {call ? <CopyButton text={call} label="Copy the arguments" /> : null}
          </div>
          {call ? <CodeText text={call} label="Arguments" /> : <p className="dim">none</p>}
        </div>
        <div className="cell">
          <div className="head">
            <h2>Result</h2>
            <span className="more">{resultNote(task)}</span>
            {result ? <CopyButton text={result} label="Copy the result" /> : null}
          </div>
          {result ? <CodeText text={result} label="Result" /> : <p className="dim">none</p>}
        </div>
      </div>
      {task.traceback ? (
        <div className="cell">
          <div className="head">
            <h2>Traceback</h2>
            <span className="more" />
            <CopyButton text={task.traceback} label="Copy the traceback" />
          </div>
          <Traceback text={task.traceback} />
        </div>
      ) : null}
    </>
  );
}
