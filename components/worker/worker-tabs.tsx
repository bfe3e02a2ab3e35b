'use client';

import { Tabs } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import type { WorkerDetail } from '../../lib/contract/records.ts';
import { formatCount } from '../ui/format.ts';
import { Concurrency } from './concurrency.tsx';
import { Consumes } from './consumes.tsx';
import { KeyValues } from './key-values.tsx';
import { SlotTable } from './slot-table.tsx';
import { WorkerCharts } from './worker-charts.tsx';
import { WorkerTasks } from './worker-tasks.tsx';

const POOL_KEYS = ['pool', 'prefetch_count', 'pid'];
const BROKER_KEYS = ['broker'];

/** Parts of the worker's own statistics; the rest is the tab System. */
function partOf(
  stats: Readonly<Record<string, unknown>> | null,
  keys: readonly string[],
  isRest = false,
): Readonly<Record<string, unknown>> | null {
  if (!stats) return null;
  return Object.fromEntries(Object.entries(stats).filter(([key]) => keys.includes(key) !== isRest));
}

/** The chosen tab is the address's hash, so that a link or a reload opens the same one. */
function useHashTab(names: readonly string[]): readonly [string, (name: string) => void] {
  const [tab, setTab] = useState(names[0] ?? '');
  const joined = names.join(' ');
  useEffect(() => {
    const read = (): void => {
      const hash = window.location.hash.slice(1).toLowerCase();
      const known = joined.split(' ');
      setTab(known.find((name) => name.toLowerCase() === hash) ?? known[0] ?? '');
    };
    read();
    window.addEventListener('hashchange', read);
    return () => window.removeEventListener('hashchange', read);
  }, [joined]);
  const choose = (name: string): void => {
    setTab(name);
    window.history.replaceState(null, '', `#${name.toLowerCase()}`);
  };
  return [tab, choose];
}

/** Everything of one worker, a tab for each kind. */
export function WorkerTabs(props: { readonly worker: WorkerDetail; readonly now: number }): ReactNode {
  const { worker, now } = props;
  const tabs: readonly (readonly [string, string, ReactNode])[] = [
    ['Pool', '', <PoolTab key="pool" worker={worker} now={now} />],
    [
      'Tasks',
      worker.status === 'offline'
        ? ''
        : `${formatCount(worker.active)} active, ${formatCount(worker.reserved.length)} reserved`,
      <WorkerTasks key="tasks" worker={worker} now={now} />,
    ],
    ['Queues', formatCount(worker.queues.length), <Consumes key="queues" worker={worker} />],
    ['Broker', '', <KeyValues key="broker" title="Broker" value={partOf(worker.stats, BROKER_KEYS)} />],
    ['Config', '', <KeyValues key="config" title="Configuration" value={worker.conf} />],
    [
      'System',
      '',
      <KeyValues
        key="system"
        title="System"
        value={partOf(worker.stats, [...POOL_KEYS, ...BROKER_KEYS], true)}
      />,
    ],
  ];
  const [tab, choose] = useHashTab(tabs.map(([name]) => name));
  return (
    <Tabs.Root value={tab} onValueChange={choose} className="body-col">
      <Tabs.List className="tabs" aria-label="Worker">
        {tabs.map(([name, note]) => (
          <Tabs.Trigger key={name} value={name}>
            {name}
            {note ? <span className="n">{note}</span> : null}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {tabs.map(([name, , content]) => (
        <Tabs.Content key={name} value={name} tabIndex={-1} className="tab-body">
          {content}
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}

function PoolTab(props: { readonly worker: WorkerDetail; readonly now: number }): ReactNode {
  const { worker, now } = props;
  return (
    <>
      <WorkerCharts worker={worker} />
      <section className="cells w-main fill">
        <SlotTable worker={worker} now={now} />
        <aside className="w-right" aria-label="Steer this worker">
          <Concurrency worker={worker} />
          <Consumes worker={worker} />
          <KeyValues title="Pool" value={partOf(worker.stats, POOL_KEYS)} />
        </aside>
      </section>
    </>
  );
}
