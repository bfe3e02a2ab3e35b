'use client';

import { Minus, Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { WorkerDetail } from '../../lib/contract/records.ts';
import { errorText } from '../data/http.ts';
import { useWorkerCommand } from '../data/use-worker-commands.ts';
import { useIsReadOnly } from '../live/status-provider.tsx';
import { Button } from '../ui/button.tsx';
import { Answers } from './answer-line.tsx';

/** More than this many slots at once is taken for a slip of the hand. */
const MAX = 1_000;

function unitText(difference: number, isGone: boolean): string {
  if (isGone) return 'slots when last seen';
  if (difference === 0) return 'slots';
  return `${difference > 0 ? '+' : '−'}${Math.abs(difference)}`;
}

/** Grows or shrinks the pool by the difference to what it is. */
export function Concurrency({ worker }: { readonly worker: WorkerDetail }): ReactNode {
  const { concurrency } = worker;
  const [wanted, setWanted] = useState<number | null>(null);
  const isReadOnly = useIsReadOnly();
  const command = useWorkerCommand(worker.name);
  const current = concurrency ?? 0;
  const shown = wanted ?? current;
  const difference = shown - current;
  const isGone = worker.status === 'offline';
  const isOff = isReadOnly || isGone || concurrency === null;
  const apply = (): void =>
    command.mutate(
      { kind: difference > 0 ? 'grow' : 'shrink', count: Math.abs(difference) },
      { onSuccess: () => setWanted(null) },
    );
  return (
    <div className="cell">
      <div className="head">
        <h2>Concurrency</h2>
        <span className="more">{worker.pool ?? ''}</span>
      </div>
      <div className="row">
        <div className="step">
          <button
            type="button"
            aria-label="One less"
            disabled={isOff || shown <= 1}
            onClick={() => setWanted(shown - 1)}
          >
            <Minus size={14} />
          </button>
          <output aria-label="Wanted slots">{concurrency === null ? '?' : shown}</output>
          <button
            type="button"
            aria-label="One more"
            disabled={isOff || shown >= MAX}
            onClick={() => setWanted(shown + 1)}
          >
            <Plus size={14} />
          </button>
        </div>
        <span className={isGone ? 'dim' : 'mid'}>{unitText(difference, isGone)}</span>
        <span className="grow" />
        <Button
          {...(difference === 0 ? {} : { tone: 'primary' as const })}
          disabled={isOff || difference === 0 || command.isPending}
          onClick={apply}
        >
          Apply
        </Button>
      </div>
      {command.error ? (
        <p className="problem" role="alert">
          {errorText(command.error)}
        </p>
      ) : null}
      <Answers answers={worker.answers} />
    </div>
  );
}
