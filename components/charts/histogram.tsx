import type { ReactNode } from 'react';
import type { RuntimeSummary } from '../../lib/contract/records.ts';
import { formatCount, formatDuration, isFigure } from '../ui/format.ts';
import { BOX } from './geometry.ts';

/** Two words on the axis closer than this (percent) would touch. */
const MIN_GAP = 24;

/** Runtimes of the same task, with this run's mark. */
export function Histogram(props: { readonly peers: RuntimeSummary; readonly run: number | null }): ReactNode {
  const { peers, run } = props;
  const counts = peers.histogram;
  const most = Math.max(1, ...counts);
  // A run beyond all others widens the axis, up to the double.
  const max = Math.max(peers.max, Math.min(run ?? 0, peers.max * 2), 1e-6);
  const width = (BOX / Math.max(1, counts.length)) * (Math.min(peers.max, max) / max);
  const place = (seconds: number): number => Math.min(98, Math.max(0, (seconds / max) * 100));
  const mine = isFigure(run) ? place(run) : null;
  const title = `Runtimes of ${formatCount(peers.count)} successful runs: median ${formatDuration(peers.p50)}, 95th percentile ${formatDuration(peers.p95)}${isFigure(run) ? `; this run ${formatDuration(run)}` : ''}`;
  return (
    <div role="img" aria-label={title}>
      <div className="dist">
        <svg viewBox={`0 0 ${BOX} ${BOX}`} preserveAspectRatio="none" aria-hidden="true">
          {counts.map((count, index) => (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: a bucket is its place on the axis
              key={index}
              className="stub"
              x={index * width + width * 0.08}
              width={width * 0.84}
              y={BOX - (count / most) * BOX}
              height={(count / most) * BOX}
            />
          ))}
        </svg>
        {mine === null ? null : <b style={{ left: `${mine}%` }} />}
      </div>
      <div className="dax">
        {axisWords(place(peers.p50), place(peers.p95), mine, peers, run).map((word) => (
          <span key={word.text} className={word.isMine ? 'mine' : ''} style={{ left: `${word.at}%` }}>
            {word.text}
          </span>
        ))}
      </div>
    </div>
  );
}

interface Word {
  readonly at: number;
  readonly text: string;
  readonly isMine: boolean;
}

/** This run is named first; the others only where there is room. */
function axisWords(
  p50: number,
  p95: number,
  mine: number | null,
  peers: RuntimeSummary,
  run: number | null,
): readonly Word[] {
  const wanted: Word[] = [
    { at: p95, text: `p95 ${formatDuration(peers.p95)}`, isMine: false },
    { at: p50, text: `p50 ${formatDuration(peers.p50)}`, isMine: false },
    { at: 0, text: '0', isMine: false },
  ];
  if (mine !== null) wanted.unshift({ at: mine, text: formatDuration(run), isMine: true });
  const kept: Word[] = [];
  for (const word of wanted) {
    const at = word.at === 0 ? 0 : Math.min(88, Math.max(12, word.at));
    if (kept.every((other) => Math.abs(other.at - at) >= (word.text === '0' ? 12 : MIN_GAP))) {
      kept.push({ ...word, at });
    }
  }
  return kept;
}
