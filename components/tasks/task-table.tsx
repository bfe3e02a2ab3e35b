'use client';

import { ArrowUp } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type MouseEvent, type ReactNode, useEffect, useState } from 'react';
import type { TaskRow } from '../../lib/contract/records.ts';
import { READY_STATES } from '../../lib/contract/states.ts';
import { useKeys } from '../shell/keys.tsx';
import { formatCount } from '../ui/format.ts';
import { Key } from '../ui/key.tsx';
import { taskHref } from '../ui/links.ts';
import { WaitRunAxis } from '../ui/wait-run.tsx';
import { type RowActions, TaskLine } from './task-line.tsx';
import type { TaskList } from './task-list.ts';
import { useHold } from './use-hold.ts';
import { useRows } from './use-rows.ts';

/** Older rows are fetched when this many are left below the window. */
const AHEAD = 40;

interface TaskTableProps {
  readonly list: TaskList;
  readonly now: number;
  readonly isReadOnly: boolean;
  readonly actions: RowActions;
  readonly onHold: (isHeld: boolean) => void;
  readonly onShow: () => void;
  readonly onOlder: (before: string) => void;
}

function NewPill(props: { readonly count: number; readonly onShow: () => void }): ReactNode {
  if (props.count === 0) return null;
  return (
    <button type="button" className="newpill in-head" onClick={props.onShow}>
      <ArrowUp size={14} aria-hidden />
      {formatCount(props.count)} new
      <Key>.</Key>
    </button>
  );
}

function Head({ pill }: { readonly pill: ReactNode }): ReactNode {
  return (
    <thead>
      <tr className="tr th-row" aria-rowindex={1}>
        <th scope="col">State</th>
        <th scope="col" className="c-task">
          Task and arguments
          {pill}
        </th>
        <th scope="col">Queue</th>
        <th scope="col" className="c-w">
          Worker
        </th>
        <th scope="col" className="num">
          Received
        </th>
        <th scope="col">
          <span className="vh">Waited and ran</span>
          <WaitRunAxis />
        </th>
        <th scope="col" className="num">
          Runtime
        </th>
        <th scope="col" className="num">
          Try
        </th>
      </tr>
    </thead>
  );
}

/** Opens the task whose row was clicked, unless a link or button was, or text was being selected. */
function clickedTask(event: MouseEvent): string | null {
  const target = event.target instanceof Element ? event.target : null;
  if (!target || target.closest('a, button') || window.getSelection()?.toString()) return null;
  return target.closest('[data-uuid]')?.getAttribute('data-uuid') ?? null;
}

/** The virtual table of tasks. */
export function TaskTable(props: TaskTableProps): ReactNode {
  const { list, actions, isReadOnly, onOlder } = props;
  const router = useRouter();
  const { virtual, body, offset } = useRows(list.order);
  const [active, setActive] = useState<string | null>(null);
  const setOver = useHold(props.onHold, active !== null);
  // A finished row tells times that only a new day changes: it need not be drawn every tick.
  const minute = Math.floor(props.now / 60) * 60;
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (list.cursor && last >= list.order.length - AHEAD) onOlder(list.cursor);
  }, [list.cursor, list.order.length, last, onOlder]);

  const move = (step: number): void => {
    const at = active === null ? -1 : list.order.indexOf(active);
    const next = Math.max(0, Math.min(list.order.length - 1, at + step));
    const uuid = list.order[next];
    if (uuid === undefined) return;
    setActive(uuid);
    virtual.scrollToIndex(next, { align: 'auto' });
  };
  const onActive = (act: (row: TaskRow) => void): void => {
    const row = active === null ? undefined : list.rows.get(active);
    if (row) act(row);
  };
  const show = (): void => {
    setActive(null);
    props.onShow();
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    enter: () => onActive((row) => router.push(taskHref(row.uuid))),
    r: () => onActive((row) => READY_STATES.has(row.state) && !isReadOnly && actions.onRetry(row)),
    x: () => onActive((row) => !READY_STATES.has(row.state) && !isReadOnly && actions.onRevoke(row)),
    escape: () => setActive(null),
    '.': show,
  });
  const pill = <NewPill count={list.waiting.length} onShow={show} />;
  return (
    <>
      {list.waiting.length > 0 ? <div className="pillrow only-s">{pill}</div> : null}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: each row's name is a link, and Enter opens the chosen row */}
      <table
        className="tt"
        aria-label="Tasks, newest first"
        aria-rowcount={list.order.length + 1}
        onPointerEnter={(event) => setOver(event.pointerType === 'mouse')}
        onPointerLeave={() => setOver(false)}
        onClick={(event) => {
          const uuid = clickedTask(event);
          if (uuid) router.push(taskHref(uuid));
        }}
      >
        <Head pill={pill} />
        <tbody ref={body} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = list.rows.get(list.order[item.index] ?? '');
            if (!row) return null;
            return (
              <TaskLine
                key={row.uuid}
                row={row}
                now={READY_STATES.has(row.state) ? minute : props.now}
                index={item.index}
                top={item.start - offset}
                isActive={row.uuid === active}
                isFresh={list.fresh.has(row.uuid)}
                isLeaving={list.leaving.has(row.uuid)}
                isReadOnly={isReadOnly}
                actions={actions}
              />
            );
          })}
        </tbody>
      </table>
    </>
  );
}
