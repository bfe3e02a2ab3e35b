'use client';

import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { ArrowUp } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { TaskRow } from '../../lib/contract/records.ts';
import { READY_STATES } from '../../lib/contract/states.ts';
import { useKeys } from '../shell/keys.tsx';
import { formatCount } from '../ui/format.ts';
import { taskHref } from '../ui/links.ts';
import { useMedia } from '../ui/use-media.ts';
import { WaitRunAxis } from '../ui/wait-run.tsx';
import { type RowActions, TaskLine } from './task-line.tsx';
import type { TaskList } from './task-list.ts';

const ROW = 36;
const ROW_TOUCH = 56;
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

/** Why the list must not move: the pointer is on it, a row is chosen, or it is scrolled. */
function useHold(onHold: (isHeld: boolean) => void, isChosen: boolean): (isOver: boolean) => void {
  const [isOver, setOver] = useState(false);
  const [isScrolled, setScrolled] = useState(false);
  useEffect(() => {
    const look = (): void => setScrolled(window.scrollY > 24);
    look();
    window.addEventListener('scroll', look, { passive: true });
    return () => window.removeEventListener('scroll', look);
  }, []);
  const isHeld = isOver || isScrolled || isChosen;
  useEffect(() => onHold(isHeld), [isHeld, onHold]);
  return setOver;
}

/** The virtual table: rows of a fixed height in the page's own scroll. */
export function TaskTable(props: TaskTableProps): ReactNode {
  const { list, actions, onOlder, onShow } = props;
  const router = useRouter();
  const isPhone = useMedia('(max-width: 720px)');
  const height = isPhone ? ROW_TOUCH : ROW;
  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  const [active, setActive] = useState<string | null>(null);
  const setOver = useHold(props.onHold, active !== null);
  // What stands above the table (banners, the strip) may change its height.
  useLayoutEffect(() => {
    const top = (body.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
    if (Math.abs(top - offset) > 0.5) setOffset(top);
  });
  const virtual = useWindowVirtualizer({
    count: list.order.length,
    estimateSize: useCallback(() => height, [height]),
    overscan: 12,
    scrollMargin: offset,
    getItemKey: useCallback((index: number) => list.order[index] ?? index, [list.order]),
  });
  useEffect(() => {
    if (height > 0) virtual.measure();
  }, [virtual, height]);
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
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => onActive((row) => router.push(taskHref(row.uuid))),
    r: () => onActive((row) => READY_STATES.has(row.state) && !props.isReadOnly && actions.onRetry(row)),
    x: () => onActive((row) => !READY_STATES.has(row.state) && !props.isReadOnly && actions.onRevoke(row)),
    Escape: () => setActive(null),
    '.': () => {
      setActive(null);
      onShow();
    },
  });
  const pill =
    list.waiting.length > 0 ? (
      <button
        type="button"
        className="newpill in-head"
        onClick={() => {
          setActive(null);
          onShow();
        }}
      >
        <ArrowUp size={14} aria-hidden />
        {formatCount(list.waiting.length)} new
        <kbd aria-hidden="true">.</kbd>
      </button>
    ) : null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the rows
    <div
      role="grid"
      aria-label="Tasks, newest first"
      aria-rowcount={list.order.length + 1}
      className="tt"
      onPointerEnter={(event) => setOver(event.pointerType === 'mouse')}
      onPointerLeave={() => setOver(false)}
      onClick={(event) => {
        const target = event.target instanceof Element ? event.target : null;
        if (!target || target.closest('a, button') || window.getSelection()?.toString()) return;
        const uuid = target.closest('[data-uuid]')?.getAttribute('data-uuid');
        if (uuid) router.push(taskHref(uuid));
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see the rows */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the head is not a place to go to */}
      <div role="row" aria-rowindex={1} className="tr th-row">
        <span role="columnheader" className="c-state">
          State
        </span>
        <span role="columnheader" className="c-task">
          Task and arguments
          {pill}
        </span>
        <span role="columnheader" className="c-q">
          Queue
        </span>
        <span role="columnheader" className="c-w">
          Worker
        </span>
        <span role="columnheader" className="c-at num" aria-sort="descending">
          Received ↓
        </span>
        <span role="columnheader" className="c-wr" aria-label="Waited and ran">
          <WaitRunAxis />
        </span>
        <span role="columnheader" className="c-run num">
          Runtime
        </span>
        <span role="columnheader" className="c-try num">
          Try
        </span>
      </div>
      {pill ? <div className="pillrow only-s">{pill}</div> : null}
      {/* biome-ignore lint/a11y/useSemanticElements: see the rows */}
      <div role="rowgroup" ref={body} className="tbody" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = list.rows.get(list.order[item.index] ?? '');
          if (!row) return null;
          return (
            <TaskLine
              key={row.uuid}
              row={row}
              now={props.now}
              index={item.index}
              top={item.start - offset}
              isActive={row.uuid === active}
              isFresh={list.fresh.has(row.uuid)}
              isLeaving={list.leaving.has(row.uuid)}
              isReadOnly={props.isReadOnly}
              actions={actions}
            />
          );
        })}
      </div>
    </div>
  );
}
