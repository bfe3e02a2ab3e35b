'use client';

import { TriangleAlert } from 'lucide-react';
import Link from 'next/link';
import type { ReactNode } from 'react';
import type { QueueRow } from '../../lib/contract/records.ts';
import { largest } from '../charts/geometry.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { Absent, Unit } from '../ui/figures.tsx';
import { formatCount, formatRate } from '../ui/format.ts';
import { workerHref } from '../ui/links.ts';
import { Tip } from '../ui/tip.tsx';

function Unacked({ queue }: { readonly queue: QueueRow }): ReactNode {
  if (queue.unacked === null) {
    return (
      <Tip text="AMQP does not tell it: name RabbitMQ's management API with --broker-api">
        <span className="dim">not told</span>
      </Tip>
    );
  }
  const count = formatCount(queue.unacked);
  if (!queue.isUnackedEstimate) return count;
  return (
    <Tip text="Very many are held: counted from a sample">
      <span>≈ {count}</span>
    </Tip>
  );
}

function Rate({ value }: { readonly value: number | null }): ReactNode {
  if (value === null) return <Absent />;
  return (
    <>
      {formatRate(value)}
      <Unit>/s</Unit>
    </>
  );
}

/** `2 other programs`: what consumes it and is no worker that is known; null when nothing does. */
export function otherPrograms({ unnamedConsumers: count }: QueueRow): string | null {
  return count === 0 ? null : `${formatCount(count)} other ${count === 1 ? 'program' : 'programs'}`;
}

function Consumers({ queue }: { readonly queue: QueueRow }): ReactNode {
  const [first, ...rest] = queue.consumers;
  const others = otherPrograms(queue);
  if (first === undefined) {
    if (others !== null) return <span className="dim">{others}</span>;
    return queue.abandonedSince === null ? <Absent>nobody</Absent> : <b className="broken">nobody</b>;
  }
  return (
    <>
      <Link href={workerHref(first)} prefetch={false}>
        {first}
      </Link>{' '}
      {rest.length > 0 ? (
        <span className="dim" title={rest.join(', ')}>
          and {rest.length} more
        </span>
      ) : null}
      {others === null ? null : <span className="dim"> and {others}</span>}
    </>
  );
}

function QueueLine(props: {
  readonly queue: QueueRow;
  readonly isOpen: boolean;
  readonly onOpen: (name: string) => void;
}): ReactNode {
  const { queue } = props;
  const isBad = queue.abandonedSince !== null;
  const bad = isBad ? 'broken' : '';
  const top = largest(queue.length.points);
  return (
    <tr
      className={props.isOpen ? 'opens is-open' : 'opens'}
      aria-selected={props.isOpen}
      onClick={() => props.onOpen(queue.name)}
    >
      <td>
        <span className="row">
          {isBad ? (
            <TriangleAlert size={14} className="warn-icon" aria-label="Nobody consumes it" />
          ) : (
            <span className={queue.consumers.length + queue.unnamedConsumers > 0 ? 'dot' : 'dot off'} />
          )}
          <button
            type="button"
            className="row-name strong cut"
            aria-expanded={props.isOpen}
            onClick={() => props.onOpen(queue.name)}
          >
            {queue.name}
          </button>
        </span>
      </td>
      <td className={`num ${bad}`}>{formatCount(queue.messages)}</td>
      <td className="num hide-s mid">
        <Unacked queue={queue} />
      </td>
      <td className="hide-s">
        <div className="lenc">
          <Sparkline points={queue.length.points} max={Math.max(1, top * 1.15)} className="fill-spark" />
          <span className="top-figure">{formatCount(top)}</span>
        </div>
      </td>
      <td className="num hide-s">
        <Rate value={queue.inPerSecond} />
      </td>
      <td className={`num hide-s ${bad}`}>
        <Rate value={queue.outPerSecond} />
      </td>
      <td className="cut">
        <Consumers queue={queue} />
      </td>
    </tr>
  );
}

/** Every queue: how long, how fast, who consumes. */
export function QueueTable(props: {
  readonly queues: readonly QueueRow[];
  readonly open: string | null;
  readonly onOpen: (name: string) => void;
}): ReactNode {
  return (
    <table className="qt">
      <colgroup>
        <col className="w-q" />
        <col className="w-ready" />
        <col className="w-held hide-s" />
        <col className="hide-s" />
        <col className="w-rate hide-s" />
        <col className="w-rate hide-s" />
        <col className="w-cons" />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Queue</th>
          <th scope="col" className="num">
            Ready
          </th>
          <th scope="col" className="num hide-s" title="Fetched by a worker, not finished">
            Unacked
          </th>
          <th scope="col" className="hide-s">
            Length, own scale
          </th>
          <th scope="col" className="num hide-s">
            In
          </th>
          <th scope="col" className="num hide-s">
            Out
          </th>
          <th scope="col">Consumers</th>
        </tr>
      </thead>
      <tbody>
        {props.queues.map((queue) => (
          <QueueLine
            key={queue.name}
            queue={queue}
            isOpen={queue.name === props.open}
            onOpen={props.onOpen}
          />
        ))}
      </tbody>
    </table>
  );
}
