'use client';

import { Tabs } from 'radix-ui';
import type { ReactNode } from 'react';
import { useStatus } from '../live/status-provider.tsx';
import { Command } from './command.tsx';
import { Glyph } from './glyph.tsx';

const FLOWERS: readonly (readonly [number, number])[] = [
  [18, 70],
  [51, 32],
  [96, 18],
  [141, 32],
  [174, 70],
];

function Art({ done }: { readonly done: number }): ReactNode {
  return (
    <svg className="art" viewBox="0 0 192 150" aria-hidden="true">
      <path d="M96 150V25M96 112C66 103 38 92 23 76M96 112C77 91 60 62 53 39M96 112C115 91 132 62 139 39M96 112C126 103 154 92 169 76" />
      {FLOWERS.map(([x, y], index) => (
        <circle key={x} cx={x} cy={y} r="7" className={index < done ? 'on' : ''} />
      ))}
    </svg>
  );
}

function Step(props: {
  readonly number: number;
  readonly isDone: boolean;
  readonly title: string;
  readonly note: string;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <li className={props.isDone ? 'sp ok' : 'sp'}>
      <span className="sn">{props.isDone ? <Glyph look="success" /> : props.number}</span>
      <div>
        <div className="row wrap">
          <b>{props.title}</b>
          <span className="dim">{props.note}</span>
        </div>
        {props.children}
      </div>
    </li>
  );
}

/** A URL one can paste: the one shown has its password masked. */
function pasteable(broker: string | undefined): string {
  return broker && !broker.includes('*') ? broker : 'redis://localhost:5556/0';
}

function WorkerCommands({ broker }: { readonly broker: string }): ReactNode {
  return (
    <Tabs.Root defaultValue="typescript">
      <Tabs.List className="seg steps-seg" aria-label="Language of the worker">
        <Tabs.Trigger value="typescript">TypeScript</Tabs.Trigger>
        <Tabs.Trigger value="python">Python</Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content value="typescript">
        <Command text="npx umbel -A tasks.ts worker --loglevel=info" />
      </Tabs.Content>
      <Tabs.Content value="python">
        <Command text={`celery -A tasks -b ${broker} worker -E --loglevel=info`} />
        <p className="dim note">
          Without <code>-E</code> a Python worker sends no task events.
        </p>
      </Tabs.Content>
    </Tabs.Root>
  );
}

/** Nothing yet: what is up already, and the commands that make the page fill. */
export function FirstSteps(props: { readonly workerCount: number; readonly title: string }): ReactNode {
  const status = useStatus();
  const hasWorker = props.workerCount > 0;
  const isUp = status?.isConnected ?? false;
  const workers =
    props.workerCount === 1 ? '1 has announced itself' : `${props.workerCount} have announced themselves`;
  return (
    <section className="welcome">
      <Art done={1 + Number(isUp) + Number(hasWorker)} />
      <h2 className="big">{props.title}</h2>
      <p className="mid">Start a worker and this page fills by itself; there is nothing to reload.</p>
      <ol className="steps">
        <Step number={1} isDone title="Dashboard" note="is listening" />
        <Step number={2} isDone={isUp} title="Broker" note={status?.broker ?? 'not connected yet'} />
        <Step
          number={3}
          isDone={hasWorker}
          title="Start a worker"
          note={hasWorker ? workers : 'none has announced itself'}
        >
          {hasWorker ? null : <WorkerCommands broker={pasteable(status?.broker)} />}
        </Step>
        <Step
          number={4}
          isDone={false}
          title="Send a task"
          note="the first one appears in Tasks within half a second"
        >
          <Command text="npx umbel -A tasks.ts call tasks.add_numbers --args='[10, 5]'" />
        </Step>
        <Step number={5} isDone={false} title="See it here" note="waiting for the first event">
          <p className="dim note">
            Already running Celery? Point Umbel at its broker, no Python code changes:
          </p>
          <Command text="umbel --broker=redis://localhost:6379/0" />
        </Step>
      </ol>
    </section>
  );
}
