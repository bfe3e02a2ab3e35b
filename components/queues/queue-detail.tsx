'use client';

import Link from 'next/link';
import type { ReactNode } from 'react';
import type { QueueRow, Series } from '../../lib/contract/records.ts';
import type { Mark } from '../charts/chart-frame.tsx';
import { LineChart } from '../charts/line-chart.tsx';
import { formatClock, formatCount, formatRate, formatShort } from '../ui/format.ts';
import { tasksHref, workerHref } from '../ui/links.ts';
import { usePreferences } from '../ui/preferences.tsx';
import { PurgeQueue } from './purge-dialog.tsx';
import { otherPrograms } from './queue-table.tsx';

/** Where on a chart a time is, 0 to 1; null when it is off the chart. */
function placeOf(series: Series, at: number | null): number | null {
  if (at === null) return null;
  const span = (series.points.length - 1) * series.stepSeconds;
  if (span <= 0) return null;
  const place = 1 - (series.end - at) / span;
  return place > 1 ? null : Math.max(0, place);
}

/** Length and consumers of one queue over time. */
export function QueueDetail({ queue }: { readonly queue: QueueRow }): ReactNode {
  const { zone } = usePreferences();
  const others = otherPrograms(queue);
  const from = placeOf(queue.length, queue.abandonedSince);
  const marks: readonly Mark[] =
    from === null || from === 0
      ? []
      : [{ place: from, label: `${formatClock(queue.abandonedSince, zone)} nobody consumes` }];
  return (
    <section className="qd" aria-label={`Queue ${queue.name}`}>
      <div className="bar">
        <h2>{queue.name}</h2>
        <span className="mid small">
          {formatCount(queue.messages)} ready, {formatRate(queue.inPerSecond)} in and{' '}
          {formatRate(queue.outPerSecond)} out per second
        </span>
        <span className="grow" />
        <span className="row">
          <Link className="btn" href={tasksHref({ queue: queue.name })} prefetch={false}>
            Its tasks
          </Link>
          <PurgeQueue key={queue.name} queue={queue} />
        </span>
      </div>
      <div className="cells q3">
        <div className="cell">
          <div className="head">
            <h3>Ready messages</h3>
            <span className="more">{formatCount(queue.messages)}</span>
          </div>
          <LineChart
            title={`Length of ${queue.name} over time, now ${formatCount(queue.messages)}`}
            height={152}
            inset={36}
            end={queue.length.end}
            stepSeconds={queue.length.stepSeconds}
            format={formatShort}
            least={4}
            zoneFrom={from}
            marks={marks}
            series={[{ name: 'ready', points: queue.length.points }]}
          />
        </div>
        <div className="cell">
          <div className="head">
            <h3>Consumers</h3>
            <span className="more">{queue.consumers.length + queue.unnamedConsumers}</span>
          </div>
          <LineChart
            title={`Consumers of ${queue.name} over time, now ${queue.consumers.length + queue.unnamedConsumers}`}
            height={152}
            inset={36}
            end={queue.consumerCount.end}
            stepSeconds={queue.consumerCount.stepSeconds}
            format={formatShort}
            least={2}
            zoneFrom={from}
            series={[{ name: 'consumers', points: queue.consumerCount.points }]}
          />
        </div>
        <div className="cell">
          <div className="head">
            <h3>Consumed by</h3>
          </div>
          {queue.consumers.length + queue.unnamedConsumers === 0 ? (
            <p className="mid">
              Nobody. Open a worker and add <code>{queue.name}</code> to what it consumes.
            </p>
          ) : null}
          <ul className="plain">
            {queue.consumers.slice(0, 50).map((worker) => (
              <li key={worker} className="con">
                <span className="dot" />
                <Link className="cut" href={workerHref(worker)} prefetch={false}>
                  {worker}
                </Link>
              </li>
            ))}
            {others === null ? null : <li className="con mid">{others}</li>}
          </ul>
        </div>
      </div>
    </section>
  );
}
