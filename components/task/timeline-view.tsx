'use client';

import type { ReactNode } from 'react';
import type { TaskDetail } from '../../lib/contract/records.ts';
import { formatDuration } from '../ui/format.ts';
import { stateClass } from '../ui/states.ts';
import { MomentList } from './moment-list.tsx';
import { type Lane, type Timeline, timelineOf } from './timeline.ts';

/** Round steps of an axis, in seconds. */
const STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600,
  7_200, 21_600, 86_400,
];

interface Tick {
  readonly at: number;
  readonly percent: number;
  /** Left out where the axis is short: its words would lie on others. */
  readonly isFine: boolean;
}

function ticksOf(length: number): readonly Tick[] {
  const step = STEPS.find((candidate) => length / candidate <= 7) ?? length / 6;
  const count = Math.floor((length * 0.94) / step);
  return Array.from({ length: count }, (_, index) => {
    const at = (index + 1) * step;
    const percent = (at / length) * 100;
    return { at, percent, isFine: index % 2 === 0 || percent > 75 };
  }).filter(({ percent }) => percent > 6);
}

function tickLabel(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  return seconds < 120 ? `${Number(seconds.toFixed(1))} s` : formatDuration(seconds);
}

/** Where a lane's bars stand, in percent of the axis, and where its words have room. */
interface Place {
  readonly left: number;
  readonly right: number;
  readonly words: 'after' | 'before' | 'beyond';
}

function percentOf(timeline: Timeline, at: number): number {
  return ((at - timeline.start) / (timeline.end - timeline.start)) * 100;
}

/** Words never lie on a bar: they stand after it, before it, or beyond the end of the axis. */
function placeOf(lane: Lane, timeline: Timeline): Place {
  const first = lane.segments[0];
  const last = lane.segments.at(-1);
  const left = first ? percentOf(timeline, first.from) : 0;
  const right = last ? percentOf(timeline, last.to) : 0;
  if (right <= 66) return { left, right, words: 'after' };
  return { left, right, words: left > 34 ? 'before' : 'beyond' };
}

function LaneView(props: { readonly lane: Lane; readonly timeline: Timeline }): ReactNode {
  const { lane, timeline } = props;
  const percent = (at: number): number => percentOf(timeline, at);
  const { left, right, words } = placeOf(lane, timeline);
  const { outcome } = lane;
  return (
    <div className="lane">
      <span className="ln-name">
        {lane.name}
        <small className="dim cut">{lane.note}</small>
      </span>
      <div className="trk">
        {lane.segments.map((segment) => (
          <i
            key={segment.kind}
            className={`${segment.kind} ${stateClass(segment.look)}`}
            style={{
              left: `${percent(segment.from)}%`,
              width: `${Math.max(0, percent(segment.to) - percent(segment.from))}%`,
            }}
          />
        ))}
        {lane.isRunning ? <b className="now" style={{ left: `${right}%` }} /> : null}
        <span
          className={`tl ${stateClass(outcome.look)} ${words}`}
          style={{ left: `${words === 'before' ? left : right}%` }}
          title={`${outcome.strong}${outcome.text}`}
        >
          {outcome.strong ? <b>{outcome.strong}</b> : null}
          {outcome.text}
        </span>
      </div>
    </div>
  );
}

function sentence(timeline: Timeline): string {
  const lanes = timeline.lanes.map((lane) =>
    `${lane.name}: ${lane.outcome.strong} ${lane.outcome.text}`.trim(),
  );
  return `Attempts on a time axis of ${formatDuration(timeline.end - timeline.start)}. ${lanes.join('; ')}`;
}

/** From sent to done with the waits between, and the list of moments below. */
export function TimelineView(props: { readonly task: TaskDetail; readonly now: number }): ReactNode {
  const timeline = timelineOf(props.task, props.now);
  const isRoomy = timeline?.lanes.some((lane) => placeOf(lane, timeline).words === 'beyond') ?? false;
  return (
    <div className="cell">
      <div className="head">
        <h2>Timeline</h2>
        {timeline ? (
          <div className="legend">
            <span>
              <i className="hollow" />
              waiting {formatDuration(timeline.waited)}
            </span>
            {timeline.backedOff > 0 ? (
              <span>
                <i className="dashk" />
                back-off {formatDuration(timeline.backedOff)}
              </span>
            ) : null}
            <span className="s-started">
              <i />
              running {formatDuration(timeline.ran)}
            </span>
          </div>
        ) : null}
      </div>
      {timeline ? (
        <div className={isRoomy ? 'gantt roomy' : 'gantt'} role="img" aria-label={sentence(timeline)}>
          {timeline.lanes.map((lane, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lanes only ever grow at the end
            <LaneView key={index} lane={lane} timeline={timeline} />
          ))}
          <div className="lane ax">
            <span />
            <div className="trk">
              <span className="xl first">{props.task.sent === null ? 'seen' : 'sent'}</span>
              {ticksOf(timeline.end - timeline.start).map(({ at, percent, isFine }) => (
                <span key={at} className={isFine ? 'xl fine' : 'xl'} style={{ left: `${percent}%` }}>
                  {tickLabel(at)}
                </span>
              ))}
              {timeline.isOpen ? <span className="xl last">now</span> : null}
            </div>
          </div>
        </div>
      ) : (
        <p className="dim">No event of this task is known.</p>
      )}
      <MomentList moments={props.task.moments} now={props.now} />
    </div>
  );
}
